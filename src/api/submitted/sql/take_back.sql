-- Queues the jobs of a process that has ended, or lost its connection, while it ran them. One that
-- was interrupted too often has failed.
update submitted_job
set status = case when attempts < :most then 'queued' else 'failed' end,
    error = case when attempts < :most then null else :error::json end,
    finished_at = case when attempts < :most then null else now() end,
    expires_at = case when attempts < :most then null else now() + :kept end,
    next_call_at = case when attempts >= :most and webhook_url is not null then now() end
where status = 'running'
returning number, user_id, id, site_id, report, key_id, status, error
