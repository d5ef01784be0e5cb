-- The headline numbers of a range.
select visitors, visits, viewed.pageviews, views / visits, bounces / with_views, seconds / visits
from (
    select $uniq(visitor_id) as visitors, count() as visits, sum(pageviews) as views,
        countIf(pageviews > 0) as with_views,
        countIf(pageviews = 1 and interactive_events = 0) as bounces,
        sum(date_diff('millisecond', started, ended)) / 1000 as seconds
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
) visited
cross join (
    select count() as pageviews
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper' and name = 'pageview' and $filter
) viewed
