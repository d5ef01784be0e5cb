-- All visits of a range together.
select coalesce(sum(visits), 0)::bigint as visits, count(distinct visitor_id) as visitors,
    avg(seconds)::float8 as mean_duration,
    percentile_cont(0.5) within group (order by seconds::float8) as median_duration,
    avg(views)::float8 as pages_per_visit,
    sum(bounces)::float8 / nullif(sum(viewed), 0) as bounce_rate
from visits(:site, :lower, :upper) v
where /*visit_filter*/ true /*end*/
