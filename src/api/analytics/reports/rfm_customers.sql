-- Customers one by one with their scores, those who paid most first, each currency for itself.
-- slots: event_filter
/*include rfm_customers_part*/
select visitor_id::text as visitor_id, user_id, currency, segment, r as recency_score,
    f as frequency_score, m as monetary_score, last_order, orders, revenue::float8 as revenue,
    count(*) over () as total_rows
from customers
where :segment::text is null or segment = :segment
order by currency, customers.revenue desc, customers.visitor_id
limit :limit offset :offset
