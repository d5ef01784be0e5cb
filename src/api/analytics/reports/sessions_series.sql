-- Visits per bucket of a series; empty buckets included.
-- slots: visit_in_range_filter
select time, count(v.id) as visits, count(distinct v.visitor_id) as visitors,
    avg(v.duration_us)::float8 / 1e6 as visit_duration_seconds,
    percentile_cont(0.5) within group (order by v.duration_us) / 1e6 as median_duration_seconds,
    avg(v.visit_pageviews)::float8 as views_per_visit,
    sum(v.bounces)::float8 / nullif(sum(v.visits_with_pageview), 0) as bounce_rate
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
left join (
    select v.*, width_bucket(v.started, :starts::timestamptz[]) as n
    from visits(:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
) v using (n)
group by time
order by time
