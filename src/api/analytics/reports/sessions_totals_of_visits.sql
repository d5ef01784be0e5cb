-- All visits of a range together, of those that a filter chooses.
-- slots: metrics, visit_in_range_filter
select median_duration_seconds, /*metrics*/ visits, visitors /*end*/
from (
    select sum(visits) as visits, count(distinct visitor_id) as visitors,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us, sum(visit_pageviews) as visit_pageviews,
        percentile_cont(0.5) within group (order by duration_us) / 1e6 as median_duration_seconds
    from visits(:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
) visited
