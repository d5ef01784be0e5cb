-- Forgets rejected events by their numbers.
delete from rejected_event where site_id = :site and id = any(cast(:ids as bigint[]))
