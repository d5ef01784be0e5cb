-- Those of these visitors that are stored.
select visitor.id, visitor.number, visitor.first_seen
from json_to_recordset(:visitors::json) asked (site_id integer, visitor_id bigint)
cross join lateral (
    select * from visitor where site_id = asked.site_id and id = asked.visitor_id
    offset 0  -- looked up one by one: other plans read all visitors
) visitor
