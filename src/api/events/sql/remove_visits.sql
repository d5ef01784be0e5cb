-- Deletes the visits of these visitors.
delete from visit where visitor_id = any(cast(:visitors as bigint[]))
