-- Who got to a step of a funnel, or no further than that; the latest first.
with walks as (
    /*include funnel_walks*/
), chosen as (
    select visitor_id, visit_id, cardinality((walk).seconds) as reached,
        (walk).got_there[cardinality((walk).seconds)] as reached_at
    from walks
    where cardinality((walk).seconds) >= :step
        and (:further or cardinality((walk).seconds) = :step)
    order by reached_at desc, visitor_id, visit_id
    limit :limit offset :offset
)
select c.visitor_id::text as visitor_id, u.user_id, c.visit_id, c.reached, c.reached_at,
    latest.time as last_seen, latest.page as last_page
from chosen c
left join visitor u on u.site_id = :site and u.id = c.visitor_id
cross join lateral (
    select e.time, e.page
    from events(:site, :lower, :upper) e
    where e.name <> 'engagement' and e.visitor_id = c.visitor_id and (c.visit_id is null or e.visit_id = c.visit_id)
    order by e.time desc, e.id desc
    limit 1
) latest
order by c.reached_at desc, c.visitor_id, c.visit_id
