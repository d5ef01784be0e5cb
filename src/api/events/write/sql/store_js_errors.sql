-- Adds JavaScript errors.
insert into js_error (
    visitor_id, time, id, site_id, message, source, frame, page, hostname, country, device, browser
)
select
    visitor_id, time, id, site_id, message, source, frame, page, hostname, country, device, browser
from json_populate_recordset(null::js_error, :rows::json)
