-- How far visitors (or visits) got through the steps, in order, others in between allowed. Every
-- start is tried; the window counts from the first step. One event cannot be two steps: where
-- it matches several, the later step looks first at what was reached before it. A step has a page
-- or a pattern; comparing with a page is much cheaper than matching one.
with walks as (
    select funnel_walk(e.time, s.step::int, :window_seconds order by e.time, e.id, s.step desc) as times
    from events(:site, :lower, :upper) e
    join unnest(:names::text[], :pages::text[], :patterns::text[])
        with ordinality s (name, page, pattern, step)
        on e.name = s.name and (e.page = s.page or e.page ~ s.pattern)
    where /*visit_of_event_filter*/ true /*end*/
    group by /*unit*/ e.visitor_id /*end*/
), reached as (
    select times.step, times.seconds
    from walks
    cross join lateral unnest(walks.times) with ordinality times (seconds, step)
    where times.seconds is not null
)
select s.step, s.label, count(r.step) as count,
    percentile_cont(0.5) within group (order by r.seconds) as median_seconds,
    percentile_cont(0.9) within group (order by r.seconds) as p90_seconds
from unnest(:labels::text[]) with ordinality s (label, step)
left join reached r on r.step = s.step
group by s.step, s.label
order by s.step
