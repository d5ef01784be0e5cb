-- Deletes submitted jobs that had expired by a time, and their results.
delete from submitted_job where expires_at <= :now
