-- How far visitors (or visits) got through the steps; by a dimension, for its largest values.
with walks as (
    /*include funnel_walks*/
), chosen as (
    select value, count(*) as size
    from walks
    where :broken_down and cardinality((walk).seconds) > 0
    group by value
    union all
    select null, 0 where not :broken_down
    order by size desc, value
    limit :limit
), reached as (
    select w.value, times.step, times.seconds
    from walks w
    cross join lateral unnest((w.walk).seconds) with ordinality times (seconds, step)
)
select c.value, s.step, s.label, count(r.step) as count,
    percentile_cont(0.5) within group (order by r.seconds) as median_seconds,
    percentile_cont(0.9) within group (order by r.seconds) as p90_seconds
from chosen c
cross join unnest(:labels::text[]) with ordinality s (label, step)
left join reached r on r.step = s.step and r.value is not distinct from c.value
group by c.value, c.size, s.step, s.label
order by c.size desc, c.value, s.step
