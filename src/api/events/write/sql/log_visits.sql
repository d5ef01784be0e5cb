-- Logs visits as they are stored: with -1 before they change, with +1 afterwards.
insert into late_visit
select cast(:number as bigint), cast(:sign as int), v.*
from unnest(cast(:visitors as bigint[]), cast(:starteds as timestamptz[]), cast(:ids as uuid[]))
    logged (visitor_id, started, id)
cross join lateral (
    select * from visit v
    where v.visitor_id = logged.visitor_id and v.started = logged.started and v.id = logged.id
    offset 0  -- looked up one by one: other plans read every visit there is
) v
