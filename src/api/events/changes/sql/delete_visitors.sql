-- Deletes what is noted of these visitors.
delete from raw_change where site_id = :site and visitor_id = any(:visitors::bigint[])
