-- How many visits a range has, before any filter.
select count(*) from visits(:site, :lower, :upper)
