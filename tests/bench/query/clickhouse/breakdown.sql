-- Visits by one of their dimensions.
select $dimension, count() as visits, $uniq(visitor_id) as visitors, visits / sum(visits) over (),
    sum(pageviews) / visits,
    countIf(pageviews = 1 and interactive_events = 0) / nullIf(countIf(pageviews > 0), 0),
    sum(date_diff('millisecond', started, ended)) / 1000 / visits
from visit
where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
group by $dimension
order by $order desc, $dimension
limit 10
