-- The goals that were not reached since they were saved, as far as was looked: what reached each of
-- them first, if it is now. An hour is looked at again, as events may come late.
select g.id, g.name, g.site_id, s.key as site, first.time
from goal g
join site s on s.id = g.site_id and s.deleted_at is null
left join goal_watch w on w.goal_id = g.id
cross join lateral (
    select min(e.time) as time
    from events(
        g.site_id,
        greatest(g.created_at, w.checked_until - interval '1 hour'),
        :now::timestamptz + interval '5 minutes'
    ) e
    where e.name <> 'engagement'
        and matches_step(e.name, e.page, e.props, g.event, g.page, g.pattern, g.props)
) first
where w.reached_at is null
