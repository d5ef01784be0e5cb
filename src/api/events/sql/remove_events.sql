-- Deletes the events of these visitors.
delete from event where visitor_id = any(cast(:visitors as bigint[]))
