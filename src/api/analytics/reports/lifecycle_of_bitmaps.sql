-- Lifecycle (see lifecycle.sql) from the visitor bitmaps of each period.
-- slots: visitors, new_visitors
with active as (
    /*include visitor_bitmaps*/
), arrived as (
    /*include visitor_bitmaps visitors=new_visitors*/
), side_by_side as (
    select n, block, coalesce(a.visitors, zero) as here, coalesce(b.visitors, zero) as before,
        coalesce(c.visitors, zero) as arrived
    from (select n, block from active union select n + 1, block from active) blocks
    left join active a using (n, block)
    left join (select n + 1 as n, block, visitors from active) b using (n, block)
    left join arrived c using (n, block)
    cross join (select empty_bitmap() as zero) zero
), counted as (
    select n, sum(bit_count(here & arrived)) as arrived,
        sum(bit_count(here & ~arrived & before)) as went_on,
        sum(bit_count(here & ~arrived & ~before)) as came_back,
        sum(bit_count(before & ~here)) as dormant
    from side_by_side
    group by n
)
select time, coalesce(arrived, 0)::bigint as new, coalesce(went_on, 0)::bigint as "returning",
    coalesce(came_back, 0)::bigint as resurrected,
    case when n <= :complete then coalesce(dormant, 0)::bigint end as dormant
from unnest(:starts::timestamptz[]) with ordinality period (time, n)
left join counted using (n)
where n > 1
order by time
