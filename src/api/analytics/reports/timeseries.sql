-- The headline numbers per bucket of a series; empty buckets included. The starts of the buckets
-- come with the question: local time is not this file's business.
-- slots: visits, visit_in_range_filter, events, event_filter, dimension, visitors, metrics
with visited as (
    select width_bucket(v.bucket, :starts::timestamptz[]) as n, sum(visits) as visits,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
    group by 1
), happened as (
    select width_bucket(bucket, :starts::timestamptz[]) as n,
        sum(pageviews) as pageviews, sum(custom_events) as custom_events
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/
    group by 1
), counted as (
    /*include distinct_visitors*/
)
select time, coalesce(custom_events, 0)::bigint as custom_events,
    /*metrics*/ visits, visitors /*end*/
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
left join visited using (n)
left join happened using (n)
left join counted on counted.value::integer = n
order by time
