-- Notes that the events and visits of these visitors are gone, before they are deleted: the ids of
-- ten thousand rows under each number, so that a reader need not take in more at once. There is at
-- least one row, without ids: the last number of a site never goes back.
insert into raw_change (site_id, number, events_gone, visits_gone)
select :site, /*include ../../../rollups/sql/next_change_part*/,
    coalesce(array_agg(id) filter (where kind = 'event'), '{}'),
    coalesce(array_agg(id) filter (where kind = 'visit'), '{}')
from (
    select kind, id, (row_number() over () - 1) / 10000 as part
    from (
        select 'event' as kind, id from event where visitor_id = any(:visitors::bigint[])
        union all
        select 'visit', id from visit where visitor_id = any(:visitors::bigint[])
        union all
        select 'none', null
    ) gone
) parts
group by part
