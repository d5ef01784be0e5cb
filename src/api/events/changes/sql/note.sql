-- Notes what a batch changes under its number.
insert into raw_change (site_id, number, visitor_id, started, lower, upper, visits_gone)
select site_id, :change::bigint, visitor_id, started, lower, upper, visits_gone
from json_populate_recordset(null::raw_change, :changes::json)
