-- Retention (see retention.sql) from the visitor bitmaps of each period: those who came in it, and
-- those who came for the first time. Periods are numbered; so many of them are over.
-- slots: visitors, new_visitors, new_range
with active as (
    /*include visitor_bitmaps*/
), arrived as (
    /*include visitor_bitmaps visitors=new_visitors range=new_range*/
), later as (
    select n, block, bit_or(visitors) over (partition by block order by n desc) as visitors
    from generate_series(1, cardinality(:starts::timestamptz[])) n
    cross join (select distinct block from active) blocks
    left join active using (n, block)
    where :rolling
), sizes as (
    select n, sum(bit_count(visitors)) as size from arrived group by n
), retained as (
    select c.n as cohort, a.n - c.n as n, sum(bit_count(a.visitors & c.visitors)) as visitors
    from arrived c
    join (select * from active where not :rolling union all select * from later) a
        on a.block = c.block and a.n between c.n + 1 and c.n + :periods - 1
    group by 1, 2
)
select (p.start at time zone :timezone)::date as cohort, s.size::bigint as size,
    array_agg(case
        when cell.n = 0 then s.size
        when s.n + cell.n > :complete then null
        else coalesce(r.visitors, 0) end::bigint order by cell.n) as retained
from sizes s
join unnest(:starts::timestamptz[]) with ordinality p (start, n) on p.n = s.n
cross join generate_series(0, :periods - 1) cell (n)
left join retained r on r.cohort = s.n and r.n = cell.n
group by s.n, s.size, p.start
order by s.n
