-- Records the end of a submitted job: done with headers and length, or failed with a refusal.
update submitted_job
set status = :status, headers = :headers::json, bytes = :bytes, error = :error::json,
    progress = null, finished_at = now(), expires_at = now() + :kept,
    next_call_at = case when webhook_url is not null then now() end
where number = :number and status = 'running'
returning number, user_id, id, site_id, report, key_id, status, error
