-- Deletes the notifications from before a time.
delete from notification where created_at < :before
