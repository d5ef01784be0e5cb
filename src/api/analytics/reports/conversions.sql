-- Goals reached, by how many, and orders, per bucket of a series; empty buckets included. Amounts
-- in different currencies are not added up.
-- slots: copied_events, event_filter, dimension, visitors, visit_in_range_filter
with reached as (
    select width_bucket(e.time, :starts::timestamptz[]) as n, count(*) as conversions,
        count(distinct e.visitor_id) as converted_visitors
    from (
        /*include goal_events_part*/
    ) e
    group by 1
), ordered as (
    select width_bucket(e.time, :starts::timestamptz[]) as n, count(*) as orders,
        case when min(e.currency) = max(e.currency) then sum(e.revenue)::float8 end as revenue,
        case when min(e.currency) = max(e.currency) then min(e.currency) end as currency
    from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
    where e.revenue is not null and /*event_filter*/ true /*end*/
    group by 1
), counted as (
    /*include distinct_visitors*/
)
select time, coalesce(conversions, 0) as conversions,
    coalesce(converted_visitors, 0) as converted_visitors,
    coalesce(converted_visitors, 0)::float8 / nullif(visitors, 0) as conversion_rate,
    coalesce(orders, 0) as orders, case when orders is null then 0 else revenue end as revenue,
    currency
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
left join reached using (n)
left join ordered using (n)
left join counted on counted.value::integer = n
order by time
