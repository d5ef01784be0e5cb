-- The sites whose line lies where no retention may put it, by the database's clock: a wrong clock
-- did. Reading the clock here keeps a wrong one of another machine out.
select id as site from site
where raw_data_since > date_trunc('week', now() - make_interval(days => :least), 'UTC')
order by id
