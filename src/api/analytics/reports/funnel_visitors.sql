-- Who got to a step of a funnel, or no further than that; the latest first.
-- slots: unit, per_unit, position, visit_of_event_filter, globs, levels, chains, latest
/*include funnel_hits_part*/
, furthest as (
    select distinct on (visitor_id, unit) visitor_id, unit, step as reached, time as reached_at
    from hits
    order by visitor_id, unit, step desc
), chosen as (
    select *, count(*) over () as total_rows
    from furthest
    where reached >= :step and (:further or reached = :step)
    order by reached_at desc, visitor_id, unit
    limit :limit offset :offset
)
select c.visitor_id::text as visitor_id, u.user_id, c.unit as visit_id, c.reached, c.reached_at,
    latest.time as last_seen, latest.page as last_page, c.total_rows
from chosen c
left join lateral (
    select u.user_id from visitor u where u.site_id = :site and u.id = c.visitor_id
    offset 0  -- looked up, not joined
) u on true
cross join lateral (
    select e.time, e.page
    from events(:site, :lower, :upper) e
    where e.name <> 'engagement' and e.visitor_id = c.visitor_id
        and (c.unit is null or e.visit_id = c.unit)
    order by e.time desc, e.id desc
    limit 1
) latest
order by c.reached_at desc, c.visitor_id, c.unit
