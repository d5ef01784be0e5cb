-- Stores unopened visits, new and changed ones.
insert into unopened_visit (
    visitor_id, id, site_id, session_id, started, engaged_from, last_event
)
select visitor_id, id, site_id, session_id, started, engaged_from, last_event
from json_populate_recordset(null::unopened_visit, :unopened::json)
on conflict (visitor_id, id) do update set
    started = excluded.started,
    engaged_from = excluded.engaged_from,
    last_event = excluded.last_event
