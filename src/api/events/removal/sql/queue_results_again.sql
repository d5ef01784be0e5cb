-- Deletes the results of submitted jobs about a site, and queues the jobs again. Also those that
-- are being answered: they may have read what is removed now.
with queued as (
    update submitted_job
    set status = 'queued', attempts = 0, finished_at = null, expires_at = null, bytes = null,
        headers = null, next_call_at = null
    where site_id = :site and status in ('running', 'done')
    returning number
)
delete from submitted_job_part p using queued q where p.job = q.number
