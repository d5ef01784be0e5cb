-- All orders of a range. Amounts in different currencies are not added up.
-- slots: event_filter
select case when one.is_one then currency end as currency,
    case when one.is_one then revenue end as revenue, orders, visitors,
    case when one.is_one then revenue / orders end as average_order
from (
    select min(e.currency) as currency, sum(e.revenue)::float8 as revenue, count(*) as orders,
        count(distinct e.visitor_id) as visitors, min(e.currency) = max(e.currency) as is_one
    from events(:site, :lower, :upper) e
    where e.revenue is not null and /*event_filter*/ true /*end*/
) one
