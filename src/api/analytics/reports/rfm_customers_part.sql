-- The customers of a range, each currency for itself: what they ordered, their scores by recency
-- (r), frequency (f) and money (m), and their segment. A score is 1 and a fifth for each fifth of
-- the customers who are worse, so those who are equal have the same one.
-- slots: event_filter
with orders as (
    select e.currency, e.visitor_id, max(e.user_id) as user_id, max(e.time) as last_order,
        count(*) as orders, sum(e.revenue) as revenue
    from events(:site, :lower, :upper) e
    where e.revenue is not null and (:by::text = 'visitor' or e.user_id is not null)
        and /*event_filter*/ true /*end*/
    group by e.currency, e.visitor_id
), scored as (
    select *,
        1 + 5 * (rank() over (partition by currency order by last_order) - 1)
            / count(*) over (partition by currency) as r,
        1 + 5 * (rank() over (partition by currency order by orders) - 1)
            / count(*) over (partition by currency) as f,
        1 + 5 * (rank() over (partition by currency order by revenue) - 1)
            / count(*) over (partition by currency) as m
    from orders
), customers as (
    select *,
        case
            when r = 5 and v >= 4 then 'champions'
            when r >= 3 and v >= 4 then 'loyal'
            when r >= 4 and v >= 2 then 'potential_loyal'
            when r = 5 then 'new'
            when r = 4 then 'promising'
            when r = 3 and v = 3 then 'need_attention'
            when r = 3 then 'about_to_sleep'
            when v = 5 then 'cannot_lose'
            when v >= 3 then 'at_risk'
            else 'hibernating'
        end as segment
    from scored
    cross join lateral (select (f + m + 1) / 2 as v) value_score
)
