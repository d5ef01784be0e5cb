-- All custom events of a range, or those of a name or with a property.
-- slots: copied_events, visitors, visit_in_range_filter, event_filter, has_value
select count(e.visit_id) as custom_events, count(distinct e.visitor_id) as visitors,
    count(distinct e.visit_id) as visits,
    count(distinct e.visitor_id)::float8 / nullif(max(everybody.visitors), 0) as conversion_rate
from (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) everybody
left join (
    select e.visitor_id, e.visit_id
    from (
        /*include custom_events_part*/
    ) e
    where /*has_value*/ true /*end*/
) e on true
