-- Deletes unopened visits of these visitors.
delete from unopened_visit where visitor_id = any(:visitors::bigint[])
