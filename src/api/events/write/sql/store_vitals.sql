-- Adds web vitals.
insert into web_vital (
    visitor_id, time, id, site_id, name, value, page, hostname, country, device, browser
)
select visitor_id, time, id, site_id, name, value, page, hostname, country, device, browser
from json_populate_recordset(null::web_vital, :rows::json)
