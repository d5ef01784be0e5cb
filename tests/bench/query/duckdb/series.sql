-- The headline numbers per bucket of a series.
select epoch(bucket), coalesce(visitors, 0), coalesce(visits, 0), coalesce(pageviews, 0),
    coalesce(events, 0), bounces / viewed, seconds / visits
from (
    select date_trunc('$interval', started) as bucket, count(distinct visitor_id) as visitors,
        count(*) as visits, count(*) filter (pageviews > 0) as viewed,
        count(*) filter (pageviews = 1 and interactive_events = 0) as bounces,
        sum(epoch_ms(ended) - epoch_ms(started)) / 1000 as seconds
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
    group by bucket
) visited
full join (
    select date_trunc('$interval', time) as bucket,
        count(*) filter (name = 'pageview') as pageviews,
        count(*) filter (name not in ('pageview', 'engagement')) as events
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper' and $filter
    group by bucket
) happened using (bucket)
order by bucket
