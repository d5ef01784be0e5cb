-- Custom events by name, or by the values of one of their properties.
-- slots: copied_events, value, visitors, visit_in_range_filter, event_filter, has_value, chosen,
--     order
select e.name, /*value*/ null::text /*end*/ as value, count(*) as custom_events,
    count(distinct e.visitor_id) as visitors, count(distinct e.visit_id) as visits,
    count(distinct e.visitor_id)::float8 / nullif(everybody.visitors, 0) as conversion_rate,
    count(*) over () as total_rows
from (
    /*include custom_events_part*/
) e
cross join (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) everybody
where /*has_value*/ true /*end*/ and /*chosen*/ true /*end*/
group by e.name, value, everybody.visitors
order by /*order*/ custom_events desc, name, value /*end*/
limit :limit offset :offset
