-- Visits by one of their dimensions.
select $dimension, count(*) as visits, count(distinct visitor_id) as visitors,
    count(*) / sum(count(*)) over (), sum(pageviews) / count(*),
    count(*) filter (pageviews = 1 and interactive_events = 0)
        / nullif(count(*) filter (pageviews > 0), 0),
    sum(epoch_ms(ended) - epoch_ms(started)) / 1000 / count(*)
from visit
where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
group by $dimension
order by $order desc, $dimension
limit 10
