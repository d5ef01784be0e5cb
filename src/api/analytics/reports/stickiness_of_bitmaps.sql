-- Daily, weekly and monthly visitors (see stickiness.sql) from the visitor bitmaps of each day.
-- slots: visitors
with active as (
    /*include visitor_bitmaps*/
), days as (
    select n, block, a.visitors
    from generate_series(1, cardinality(:starts::timestamptz[])) n
    cross join (select distinct block from active) blocks
    left join active a using (n, block)
), grown as (
    select n, visitors as day, bit_or(visitors) over week as week,
        bit_or(visitors) over month as month
    from days
    window week as (partition by block order by n rows 6 preceding),
        month as (partition by block order by n rows 29 preceding)
), counted as (
    select time, coalesce(sum(bit_count(day)), 0)::bigint as dau,
        coalesce(sum(bit_count(week)), 0)::bigint as wau,
        coalesce(sum(bit_count(month)), 0)::bigint as mau
    from unnest(:starts::timestamptz[]) with ordinality day (time, n)
    left join grown using (n)
    where n > 29
    group by time
)
select *, dau::float8 / nullif(wau, 0) as dau_wau, dau::float8 / nullif(mau, 0) as dau_mau
from counted
order by time
