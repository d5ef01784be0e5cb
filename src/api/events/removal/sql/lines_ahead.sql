-- The sites whose line lies where no retention setting can put it, by the database's clock: a wrong
-- clock did. The clock is read here, because that of another machine may be wrong, too.
select id as site from site
where raw_data_since > date_trunc('week', now() - make_interval(days => :least), 'UTC')
order by id
