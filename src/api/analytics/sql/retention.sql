-- Of the visitors first seen in a period, how many visited in the n-th period after. All periods
-- are local dates, so that no day is longer than another. Cells of periods that are not over
-- are null.
with cohort as (
    select v.id, (date_trunc(:period, (v.first_seen at time zone :timezone) + :shift::interval)
        - :shift::interval)::date as start
    from visitor v
    where v.site_id = :site and v.first_seen >= :lower and v.first_seen < :upper
), visited as (
    select c.start, c.id, (date_trunc(:period, (v.started at time zone :timezone)
        + :shift::interval) - :shift::interval)::date as day
    from cohort c
    join visit v on v.visitor_id = c.id
    where v.site_id = :site and v.started >= :lower and v.started < :now
), numbered as (
    select start, id, case :period
        when 'month' then (extract(year from age(day, start)) * 12
            + extract(month from age(day, start)))::int
        when 'week' then (day - start) / 7
        else day - start end as n
    from visited
), retained as (
    select start, cell.n, count(distinct id) as visitors
    from (
        select start, id, case when :rolling then 0 else n end as lowest, n as highest
        from numbered
    ) seen
    cross join lateral generate_series(seen.lowest, seen.highest) cell (n)
    group by start, cell.n
), sizes as (
    select start, count(*) as size from cohort group by start
)
select sizes.start as cohort, sizes.size,
    array_agg(case
        when cell.n = 0 then sizes.size
        when (sizes.start + (cell.n + 1) * :step::interval)::date
            > (:now at time zone :timezone)::date then null
        else coalesce(retained.visitors, 0) end order by cell.n) as retained
from sizes
cross join generate_series(0, :periods - 1) cell (n)
left join retained on retained.start = sizes.start and retained.n = cell.n
group by sizes.start, sizes.size
order by sizes.start
