-- Goals reached, by how many, and orders of a range. Amounts in different currencies are not added
-- up.
-- slots: copied_events, event_filter, visitors, visit_in_range_filter
select saved.goals, reached.conversions, reached.converted_visitors,
    reached.converted_visitors::float8 / nullif(everybody.visitors, 0) as conversion_rate,
    ordered.orders, case when ordered.orders = 0 then 0 else ordered.revenue end as revenue,
    ordered.currency
from (
    select count(*) as goals from goal where site_id = :site
) saved
cross join (
    select count(*) as conversions, count(distinct e.visitor_id) as converted_visitors
    from (
        /*include goal_events_part*/
    ) e
) reached
cross join (
    select count(*) as orders,
        case when min(e.currency) = max(e.currency) then sum(e.revenue)::float8 end as revenue,
        case when min(e.currency) = max(e.currency) then min(e.currency) end as currency
    from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
    where e.revenue is not null and /*event_filter*/ true /*end*/
) ordered
cross join (
    select sum(visitors) as visitors
    from (
        /*include distinct_visitors*/
    ) p
) everybody
