-- Of the visitors who began in a period, how many came back in the n-th period after. They begin
-- with their first visit ever, or with the first event ever that fits; they come back with a
-- visit, or with an event that fits. All periods are local dates, so that no day is longer than
-- another. Cells of periods that are not over are null.
-- slots: visit_in_range_filter, visit_of_event_filter
with begun as (
    select distinct on (v.visitor_id) v.visitor_id, v.started as time, null::uuid as id
    from visits(:site, :lower, :upper) v
    where not :by_start and v.started = v.first_seen and /*visit_in_range_filter*/ true /*end*/
    union all
    select e.visitor_id, e.time, e.id
    from (
        select distinct on (e.visitor_id) e.*
        from event e
        where :by_start and e.site_id = :site
            and matches_step(e.name, e.page, e.props, :start_name::text, :start_page::text,
                :start_pattern::text, :start_props::text::jsonb)
        order by e.visitor_id, e.time, e.id
    ) e
    where e.time >= :lower and e.time < :upper and /*visit_of_event_filter*/ true /*end*/
), cohort as (
    select visitor_id, time, id, (date_trunc(:period, (time at time zone :timezone)
        + :shift::interval) - :shift::interval)::date as start
    from begun
), returned as (
    select c.start, c.visitor_id, v.started as time
    from cohort c
    join visit v on v.visitor_id = c.visitor_id
    where not :by_return and v.site_id = :site and v.started >= :lower and v.started < :now
    union all
    select c.start, c.visitor_id, e.time
    from cohort c
    join event e on e.visitor_id = c.visitor_id and e.time >= c.time
        and (e.time > c.time or c.id is null or e.id > c.id)
    where :by_return and e.site_id = :site and e.time >= :lower and e.time < :now
        and matches_step(e.name, e.page, e.props, :return_name::text, :return_page::text,
            :return_pattern::text, :return_props::text::jsonb)
), dated as (
    select distinct start, visitor_id, (date_trunc(:period, (time at time zone :timezone)
        + :shift::interval) - :shift::interval)::date as day
    from returned
), numbered as (
    select start, visitor_id, case :period
        when 'month' then (extract(year from age(day, start)) * 12
            + extract(month from age(day, start)))::int
        when 'week' then (day - start) / 7
        else day - start end as n
    from dated
), retained as (
    select start, cell.n, count(distinct visitor_id) as visitors
    from numbered
    cross join lateral generate_series(case when :rolling then 0 else n end, n) cell (n)
    where numbered.n >= 0
    group by start, cell.n
), sizes as (
    select start, count(*) as size from cohort group by start
)
select sizes.start as cohort, sizes.size,
    array_agg(case
        when cell.n = 0 and not :by_return then sizes.size
        when cell.n > 0 and (sizes.start + (cell.n + 1) * :step::interval)::date
            > (:now at time zone :timezone)::date then null
        else coalesce(retained.visitors, 0) end order by cell.n) as retained
from sizes
cross join generate_series(0, :periods - 1) cell (n)
left join retained on retained.start = sizes.start and retained.n = cell.n
group by sizes.start, sizes.size
order by sizes.start
