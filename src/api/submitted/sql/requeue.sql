-- Queues a job again that could not be begun, because the database had no connection to give.
update submitted_job
set status = 'queued', attempts = attempts - 1
where number = :number and status = 'running'
