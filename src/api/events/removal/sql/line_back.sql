-- How far back the line of a site can be: to the first of the weeks before it from which on all are
-- whole, each with as many events and visits as rollups counted when they were. Where not even the
-- current week is, to its beginning: what happens now must be taken in.
with reach as (
    select raw_data_since, date_trunc('week', coalesce(
        (select time from event where site_id = site.id order by time limit 1),
        (select max(bucket) from activity(site.id, '-infinity', raw_data_since)),
        raw_data_since
    ), 'UTC') as first_week
    from site where id = :site::int and raw_data_since is not null
), weeks as (
    select week, week + interval '7 days' as next_week
    from reach
    cross join generate_series(
        first_week, raw_data_since - interval '7 days', interval '7 days'
    ) week
), cut as (
    select next_week from weeks
    where (
        select count(*) from event where site_id = :site and time >= week and time < next_week
            and name <> 'engagement'
    ) < (
        select coalesce(sum(pageviews + custom_events), 0) from activity(:site, week, next_week)
    ) or (
        select count(*) from visit where site_id = :site and started >= week and started < next_week
    ) < (
        select coalesce(sum(visits), 0) from traffic(:site, week, next_week)
    )
), whole as (
    select raw_data_since, coalesce((select max(next_week) from cut), first_week) as since
    from reach
)
select least(raw_data_since, case
    when since > now() and since - interval '7 days' <= now() then since - interval '7 days'
    else since
end) as line
from whole
