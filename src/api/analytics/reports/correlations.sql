-- What visits (or visitors) did before they reached a goal, or in all where they did not: for each
-- page and custom event how many did it, and how many of these reached the goal. The first row, in
-- which nothing is named, is of all of them.
-- slots: visit_in_range_filter, unit
with acted as (
    select v.visitor_id, /*unit*/ v.id /*end*/ as unit, e.time, e.id, e.name, e.page,
        -- Null, not false, for another page where the goal is a page and no pattern.
        coalesce(matches_step(e.name, e.page, e.props, :goal_name::text, :goal_page::text,
            :goal_pattern::text, :goal_props::text::jsonb), false) as fits
    from visits(:site, :lower, :upper) v
    -- A visit may go on after the range.
    join events(:site, :lower, :upper::timestamptz + longest_visit()) e
        on e.visitor_id = v.visitor_id and e.visit_id = v.id and e.name <> 'engagement'
        and e.time between v.started and v.last_event
    where /*visit_in_range_filter*/ true /*end*/
), ordered as (
    select visitor_id, unit, name = 'pageview' as is_page,
        case when name = 'pageview' then page else name end as what,
        bool_or(fits) over (partition by visitor_id, unit) as converted,
        bool_or(fits) over (
            partition by visitor_id, unit order by time, id rows unbounded preceding
        ) as is_late
    from acted
), counted as (
    select is_page, what, count(*) as number, count(*) filter (where converted) as converted
    from (
        select distinct visitor_id, unit, converted, is_page, what from ordered where not is_late
    ) done
    group by is_page, what
    having count(*) >= :least
    order by number desc, is_page, what collate "C"
    limit :most
)
select null as kind, null as what, count(*) as number,
    count(*) filter (where converted) as converted
from (select distinct visitor_id, unit, converted from ordered) units
union all
select case when is_page then 'page' else 'event' end, what, number, converted from counted
