-- The headline numbers per minute, hour, local day, week or month; empty buckets included.
with buckets as (
    select distinct date_trunc(:interval, moment, :timezone) as time
    from generate_series(
        date_trunc(:interval, :lower::timestamptz, :timezone),
        :upper::timestamptz - interval '1 microsecond', :step::interval, :timezone
    ) moment
), visited as (
    select date_trunc(:interval, bucket, :timezone) as time, sum(visits) as visits,
        sum(viewed) as with_views, sum(bounces) as bounces, sum(seconds) as seconds
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    group by 1
), viewed as (
    select date_trunc(:interval, bucket, :timezone) as time, sum(pageviews) as pageviews,
        sum(custom_events) as events
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/
    group by 1
), people as (
    select date_trunc(:interval, bucket, :timezone) as time, count(distinct visitor_id) as visitors
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    group by 1
)
select time, coalesce(visitors, 0)::bigint as visitors, coalesce(visits, 0)::bigint as visits,
    coalesce(pageviews, 0)::bigint as pageviews, coalesce(events, 0)::bigint as events,
    bounces::float8 / nullif(with_views, 0) as bounce_rate,
    seconds::float8 / nullif(visits, 0) as visit_duration
from buckets
left join visited using (time)
left join viewed using (time)
left join people using (time)
order by time
