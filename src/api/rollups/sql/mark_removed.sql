-- Marks the hours in which these visitors' events and visits lie, or did before they changed.
with touched as (
    select distinct source, :site::int as site_id, date_trunc('hour', time, 'UTC') as time
    from (
        select 'event' as source, time from event where visitor_id = any(:visitors::bigint[])
        union all
        select 'event', time from late_event where visitor_id = any(:visitors::bigint[])
        union all
        select 'visit', started from visit where visitor_id = any(:visitors::bigint[])
        union all
        select 'visit', started from late_visit where visitor_id = any(:visitors::bigint[])
    ) gone
)
/*include mark_part*/
