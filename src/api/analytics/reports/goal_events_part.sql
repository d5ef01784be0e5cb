-- Events that reached a goal, each once. Custom events have an index of their own; page views are
-- read where a goal is about them.
-- offset 0 has the filter decided first: the planner takes the events that reach a goal for few,
-- and would look through all visits for that of each.
-- slots: copied_events, event_filter
select e.time, e.visitor_id
from (
    select *
    from (
        select * from /*copied_events*/ events /*end*/ (:site, :lower, :upper)
        where name not in ('pageview', 'engagement')
        union all
        select * from /*copied_events*/ events /*end*/ (:site, :lower, :upper)
        where name = 'pageview'
            and exists (select from goal where site_id = :site and event = 'pageview')
    ) e
    where /*event_filter*/ true /*end*/
    offset 0
) e
where exists (
    select from goal g
    where g.site_id = :site
        and matches_step(e.name, e.page, e.props, g.event, g.page, g.pattern, g.props)
)
