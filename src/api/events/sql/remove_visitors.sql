-- Deletes these visitors.
delete from visitor where site_id = :site and id = any(cast(:visitors as bigint[]))
