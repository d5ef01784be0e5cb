-- All visits of a range together.
select count() as visits, $uniq(visitor_id), avg(seconds), $median(0.5)(seconds),
    sum(pageviews) / visits, countIf(pageviews = 1 and interactive_events = 0) / countIf(pageviews > 0)
from (
    select *, date_diff('millisecond', started, ended) / 1000 as seconds
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper'
)
