-- All customers of a range. Amounts in different currencies are not added up.
-- slots: event_filter
select case when one.is_one then currency end as currency, customers,
    coalesce(repeat_customers, 0) as repeat_customers,
    repeat_customers::float8 / nullif(customers, 0) as repeat_rate, coalesce(orders, 0) as orders,
    case when one.is_one then revenue end as revenue
from (
    select min(c.first) as currency, min(c.first) = max(c.last) as is_one,
        count(*) as customers, count(*) filter (where c.orders > 1) as repeat_customers,
        sum(c.orders)::bigint as orders, sum(c.revenue)::float8 as revenue
    from (
        select min(e.currency) as first, max(e.currency) as last, count(*) as orders,
            sum(e.revenue) as revenue
        from events(:site, :lower, :upper) e
        where e.revenue is not null and (:by::text = 'visitor' or e.user_id is not null)
            and /*event_filter*/ true /*end*/
        group by e.visitor_id
    ) c
) one
