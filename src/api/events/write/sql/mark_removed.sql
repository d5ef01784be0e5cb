-- Marks the hours in which these visitors' events and visits lie, or did before they changed.
with touched as (
    select distinct source, cast(:site as int) as site_id,
        date_bin(interval '1 hour', time, timestamptz '2000-01-03 00:00:00+00') as time
    from (
        select 'event' as source, time from event
        where visitor_id = any(cast(:visitors as bigint[]))
        union all
        select 'event', time from late_event
        where visitor_id = any(cast(:visitors as bigint[]))
        union all
        select 'visit', started from visit
        where visitor_id = any(cast(:visitors as bigint[]))
        union all
        select 'visit', started from late_visit
        where visitor_id = any(cast(:visitors as bigint[]))
    ) gone
)
/*include mark_part*/
