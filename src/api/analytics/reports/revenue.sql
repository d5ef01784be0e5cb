-- Revenue by where the visit with the order, or the visitor's first visit ever, came from.
-- Amounts in different currencies are different things.
-- slots: event_filter, dimension, touch, chosen, order
with orders as (
    select e.visitor_id, e.visit_id, e.time, e.revenue, e.currency
    from events(:site, :lower, :upper) e
    where e.revenue is not null and /*event_filter*/ true /*end*/
)
select touch.value, o.currency, sum(o.revenue)::float8 as revenue, count(*) as orders,
    count(distinct o.visitor_id) as visitors, avg(o.revenue)::float8 as average_order,
    count(*) over () as total_rows
from orders o
cross join lateral (
    select /*dimension*/ v.channel /*end*/ as value
    from visit v
    where v.visitor_id = o.visitor_id and /*touch*/ v.id = o.visit_id
        and visit_reaches(v.started, o.time) /*end*/
    order by v.started, v.id
    limit 1
) touch
where /*chosen*/ true /*end*/
group by touch.value, o.currency
order by /*order*/ revenue desc, value, currency /*end*/
limit :limit offset :offset
