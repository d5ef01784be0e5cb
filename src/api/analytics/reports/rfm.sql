-- The segments of customers by recency, frequency and money, each currency for itself.
-- slots: event_filter
/*include rfm_customers_part*/
select currency, segment, count(*) as customers,
    count(*)::float8 / (sum(count(*)) over (partition by currency))::float8 as customer_share,
    sum(orders)::bigint as orders, sum(revenue)::float8 as revenue,
    (sum(revenue) / nullif(sum(sum(revenue)) over (partition by currency), 0))::float8
        as revenue_share,
    avg(extract(epoch from :as_of::timestamptz - last_order))::float8 / 86400 as recency_days,
    avg(orders)::float8 as orders_per_customer, avg(revenue)::float8 as revenue_per_customer
from customers
group by currency, segment
order by currency, array_position(:segments::text[], segment)
