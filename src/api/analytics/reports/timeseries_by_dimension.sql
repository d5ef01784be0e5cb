-- Visits per bucket of a series, by the values of a dimension: those with the most visits in the
-- whole range, and all others together; empty buckets included. A value has the place that it has
-- among the values; all others have the last place, :rest.
-- slots: dimension, visits, visit_in_range_filter, visitors, bucket_and_place, metrics
with summed as materialized (
    select width_bucket(v.bucket, :starts::timestamptz[]) as n,
        /*dimension*/ v.source /*end*/ as value, sum(visits) as visits,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us, sum(visit_pageviews) as visit_pageviews
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
    group by 1, 2
), ranked as (
    select value, row_number() over (order by sum(visits) desc, value) as place
    from summed
    group by value
    -- What came late may have taken the last visit away from a value.
    having sum(visits) > 0
), top as materialized (
    select value, place from ranked where place < :rest::bigint
), visited as (
    select n, coalesce(place, :rest::bigint) as place, sum(visits) as visits,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us, sum(visit_pageviews) as visit_pageviews
    from summed
    left join top using (value)
    group by 1, 2
), counted as (
    /*include distinct_visitors dimension=bucket_and_place*/
), listed as (
    select value, place from top
    union all
    select null, :rest::bigint where exists (select from ranked where place >= :rest::bigint)
)
select time, listed.value, /*metrics*/ visits, visitors /*end*/
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
cross join listed
left join visited using (n, place)
left join counted on counted.value::bigint = n * :rest::bigint + place - 1
order by time, place
