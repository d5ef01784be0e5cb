-- Adds events.
insert into event (
    visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname, title, referrer,
    user_id, duration, revenue, currency, interactive, props, last_change
)
select
    visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname, title, referrer,
    user_id, duration, revenue, currency, interactive, props, last_change
from json_populate_recordset(null::event, :events::json)
