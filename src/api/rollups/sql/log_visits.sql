-- Logs visits as they are stored: with -1 before they change, with +1 afterwards.
insert into late_visit
select :change::bigint, :sign::int, v.*
from unnest(:visitors::bigint[], :times::timestamptz[], :ids::uuid[])
    logged (visitor_id, started, id)
cross join lateral (
    select * from visit v
    where v.visitor_id = logged.visitor_id and v.started = logged.started and v.id = logged.id
    offset 0  -- looked up one by one: other plans read every visit there is
) v
