-- All visits of a range together. Only the median needs to see each of them.
-- slots: metrics, visits, visitors
select median_duration_seconds, /*metrics*/ visits, visitors /*end*/
from (
    select sum(visits) as visits, sum(visits_with_pageview) as visits_with_pageview,
        sum(bounces) as bounces, sum(visit_duration_us) as visit_duration_us,
        sum(visit_pageviews) as visit_pageviews
    from /*visits*/ visits /*end*/ (:site, :lower, :upper)
) visited
cross join (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) counted
cross join (
    select percentile_cont(0.5) within group (order by duration_us) / 1e6 as median_duration_seconds
    from visits(:site, :lower, :upper)
) median
