-- Logs late events, as they are stored.
insert into late_event
select cast(:number as bigint), 1, e.*
from unnest(cast(:visitors as bigint[]), cast(:times as timestamptz[]), cast(:ids as uuid[]))
    logged (visitor_id, time, id)
cross join lateral (
    select * from event e
    where e.visitor_id = logged.visitor_id and e.time = logged.time and e.id = logged.id
    offset 0  -- looked up one by one: other plans read every event there is
) e
