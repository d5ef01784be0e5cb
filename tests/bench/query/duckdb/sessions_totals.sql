-- All visits of a range together.
select count(*), count(distinct visitor_id), avg(seconds), quantile_cont(seconds, 0.5),
    sum(pageviews) / count(*),
    count(*) filter (pageviews = 1 and interactive_events = 0) / count(*) filter (pageviews > 0)
from (
    select *, (epoch_ms(ended) - epoch_ms(started)) / 1000 as seconds
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper'
)
