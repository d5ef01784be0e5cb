-- The headline numbers of a range.
-- slots: metrics, visits, visit_in_range_filter, events, event_filter, visitors
select /*metrics*/ visits, visitors /*end*/
from (
    select sum(visits) as visits, sum(visits_with_pageview) as visits_with_pageview,
        sum(bounces) as bounces, sum(visit_duration_us) as visit_duration_us,
        sum(visit_pageviews) as visit_pageviews
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
) visited
cross join (
    select sum(pageviews) as pageviews
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/
) viewed
cross join (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) counted
