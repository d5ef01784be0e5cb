-- Daily visitors beside those of the 7 and the 30 days that end with the day. A visitor counts
-- from a day on which they came until the window has passed or they come again, so the changes
-- from day to day are added up. Days are numbered from 1; the first 29 are not shown.
-- slots: visit_filter
with active as (
    select distinct v.visitor_id, width_bucket(v.started, :starts::timestamptz[]) as n
    from visits(:site, :first, :until) v
    where /*visit_filter*/ true /*end*/
), spans as (
    select n, lead(n) over (partition by visitor_id order by n) as again from active
), changes as (
    select n, 1 as day, 1 as week, 1 as month from spans
    union all
    select least(n + 1, again), -1, 0, 0 from spans
    union all
    select least(n + 7, again), 0, -1, 0 from spans
    union all
    select least(n + 30, again), 0, 0, -1 from spans
), running as (
    select n, sum(sum(day)) over days as dau, sum(sum(week)) over days as wau,
        sum(sum(month)) over days as mau
    from (
        select n, day, week, month from changes
        union all
        select n, 0, 0, 0 from generate_series(1, cardinality(:starts::timestamptz[])) n
    ) every
    group by n
    window days as (order by n)
)
select time, dau::bigint, wau::bigint, mau::bigint,
    dau::float8 / nullif(wau, 0) as dau_wau, dau::float8 / nullif(mau, 0) as dau_mau
from unnest(:starts::timestamptz[]) with ordinality day (time, n)
join running using (n)
where n > 29
order by time
