-- Deletes rejected events from before a time.
delete from rejected_event where received_at < :before
