-- Logs late events, as they are stored.
insert into late_event
select :change::bigint, 1, e.*
from unnest(:visitors::bigint[], :times::timestamptz[], :ids::uuid[])
    logged (visitor_id, time, id)
cross join lateral (
    select * from event e
    where e.visitor_id = logged.visitor_id and e.time = logged.time and e.id = logged.id
    offset 0  -- looked up one by one: other plans read every event there is
) e
