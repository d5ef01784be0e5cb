-- Deletes the occurrences of alerts that fired before a time, and their messages.
delete from alert_occurrence where fired_at < :before
