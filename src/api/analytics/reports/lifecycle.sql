-- Who is new in a period, came back from the one before, came back after a break, or stayed away.
-- Periods are numbered from 1, which is the one before the first to be shown.
-- slots: visit_filter
with active as (
    select v.visitor_id, width_bucket(v.started, :starts::timestamptz[]) as n,
        min(v.first_seen) as first_seen
    from visits(:site, :first, :until) v
    where /*visit_filter*/ true /*end*/
    group by 1, 2
), neighbours as (
    select n, first_seen >= (:starts::timestamptz[])[n] as is_new,
        lag(n) over visitor = n - 1 as was_here, lead(n) over visitor = n + 1 as will_be
    from active
    window visitor as (partition by visitor_id order by n)
), came as (
    select n, count(*) filter (where is_new) as arrived,
        count(*) filter (where not is_new and was_here) as went_on,
        count(*) filter (where not is_new and was_here is not true) as came_back
    from neighbours
    group by n
), stayed as (
    select n + 1 as n, count(*) as dormant from neighbours where will_be is not true group by n
)
select time, coalesce(arrived, 0) as new, coalesce(went_on, 0) as "returning",
    coalesce(came_back, 0) as resurrected,
    case when n <= :complete then coalesce(dormant, 0) end as dormant
from unnest(:starts::timestamptz[]) with ordinality period (time, n)
left join came using (n)
left join stayed using (n)
where n > 1
order by time
