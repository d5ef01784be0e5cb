-- The sites with raw data older than their retention, and where their lines have to be: at the
-- start of a week, since a line inside a bucket of a rollup would cut it, and never past the newest
-- event of all sites, whatever the clock says.
with newest as (
    select max((select time from event where site_id = site.id order by time desc limit 1)) as time
    from site
), due as (
    select id, raw_data_since, date_trunc('week', least(
        :now::timestamptz - make_interval(days => coalesce(retention_days, :days)), newest.time
    ), 'UTC') as line
    from site cross join newest
    where coalesce(retention_days, :days) > 0
)
select id as site, line from due
where line > coalesce(raw_data_since, '-infinity') and (
    exists (select from event where site_id = due.id and time < line)
    or exists (select from visit where site_id = due.id and started < line)
    or exists (select from bot_event where site_id = due.id and time < line)
    or exists (select from web_vital where site_id = due.id and time < line)
    or exists (select from js_error where site_id = due.id and time < line)
)
order by id
