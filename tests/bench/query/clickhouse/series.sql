-- The headline numbers per bucket of a series.
select toUnixTimestamp(bucket), visitors, visits, pageviews, events, bounces / viewed, seconds / visits
from (
    select date_trunc('$interval', started, 'UTC') as bucket, $uniq(visitor_id) as visitors,
        count() as visits, countIf(pageviews > 0) as viewed,
        countIf(pageviews = 1 and interactive_events = 0) as bounces,
        sum(date_diff('millisecond', started, ended)) / 1000 as seconds
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
    group by bucket
) visited
full join (
    select date_trunc('$interval', time, 'UTC') as bucket, countIf(name = 'pageview') as pageviews,
        countIf(name not in ('pageview', 'engagement')) as events
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper' and $filter
    group by bucket
) happened using (bucket)
order by bucket
