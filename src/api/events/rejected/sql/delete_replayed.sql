-- Deletes rejected events by their numbers: they are stored as events by now.
delete from rejected_event where site_id = :site and id = any(:ids::bigint[])
