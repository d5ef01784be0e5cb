-- How far each visitor (or visit) got through the steps, every start tried, and the value of the
-- dimension at the first event that fits. An event that fits several steps is looked at as the
-- latest of them first: one event cannot be two steps in a row.
select e.visitor_id, e.visit_id,
    /*walk*/ funnel_walk /*end*/ (
        e.time, s.step::int, e.place, :window_seconds order by e.time, e.id, s.step desc
    ) as walk,
    /*value*/ null::text /*end*/ as value
from (
    select e.visitor_id, /*unit*/ null::uuid /*end*/ as visit_id, e.time, e.id, e.name, e.page,
        e.props, /*place*/ null::bigint /*end*/ as place, /*dimension*/ null::text /*end*/ as value
    from events(:site, :lower, :upper) e
    /*visit*/ /*end*/
    where /*visit_of_event_filter*/ true /*end*/ and e.name <> 'engagement'
) e
join unnest(:names::text[], :pages::text[], :patterns::text[], :props::text[])
    with ordinality s (name, page, pattern, props, step)
    on fits(e.name, e.page, e.props, s.name, s.page, s.pattern, s.props::jsonb)
group by 1, 2
