-- How far visitors (or visits) got through the steps; by a dimension, for its largest values.
-- slots: unit, per_unit, position, visit_of_event_filter, globs, levels, chains, latest, value,
--     visit
/*include funnel_hits_part*/
, valued as (
    select h.step, h.seconds, /*value*/ null::text /*end*/ as value
    from hits h
    /*visit*/ /*end*/
), counted as (
    select value, step, count(*) as count,
        percentile_cont(array[0.5, 0.9]) within group (order by seconds) as percentiles
    from valued
    group by value, step
), chosen as (
    select value, count as size
    from counted
    where :broken_down and step = 1
    union all
    select null, 0 where not :broken_down
    order by size desc, value
    limit :limit
)
select c.value, s.step, s.label, coalesce(r.count, 0) as count,
    r.percentiles[1] as median_seconds, r.percentiles[2] as p90_seconds
from chosen c
cross join unnest(:labels::text[]) with ordinality s (label, step)
left join counted r on r.step = s.step and r.value is not distinct from c.value
order by c.size desc, c.value, s.step
