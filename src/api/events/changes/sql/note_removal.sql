-- Notes that the events and visits of these visitors are gone, before they are deleted: the keys of
-- ten thousand rows under each number, so that a reader need not take in more at once. There is at
-- least one row, without keys: the last number of a site never goes back.
insert into raw_change (site_id, number, events_gone, times_gone, visits_gone)
select :site, /*include ../../../rollups/sql/next_change_part*/,
    array_agg(id) filter (where kind = 'event'),
    array_agg(time) filter (where kind = 'event'),
    array_agg(id) filter (where kind = 'visit')
from (
    select kind, id, time, (row_number() over () - 1) / 10000 as part
    from (
        select 'event' as kind, id, time from event where visitor_id = any(:visitors::bigint[])
        union all
        select 'visit', id, null from visit where visitor_id = any(:visitors::bigint[])
        union all
        select 'none', null, null
    ) gone
) parts
group by part
