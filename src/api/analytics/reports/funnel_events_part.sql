-- The events that fit a step, once for each step that they fit. What cannot fit any is left out by
-- what is cheap to see; strict funnels need the position of an event among all of the unit's.
-- slots: unit, position, visit_of_event_filter, globs
select e.visitor_id, e.unit, e.visit_id, e.time, e.id, e.position, s.step::int
from (
    select e.visitor_id, /*unit*/ null::uuid /*end*/ as unit, e.visit_id, e.time, e.id, e.name,
        e.page, e.props, /*position*/ null::bigint /*end*/ as position
    from events(:site, :lower, :upper) e
    where /*visit_of_event_filter*/ true /*end*/ and e.name <> 'engagement'
) e
join unnest(:names::text[], :pages::text[], :patterns::text[], :props::text[])
    with ordinality s (name, page, pattern, props, step)
    on matches_step(e.name, e.page, e.props, s.name, s.page, s.pattern, s.props::jsonb)
where e.name = any(:distinct_names::text[])
    and (e.page = any(:exact_pages::text[]) or e.name = any(:anywhere::text[])
        or /*globs*/ false /*end*/)
