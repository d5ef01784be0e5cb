-- Deletes the occurrences from before a time, with their messages.
delete from alert_occurrence where fired_at < :before
