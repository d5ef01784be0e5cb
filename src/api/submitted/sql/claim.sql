-- Begins the next submitted job. Accounts take turns: the one whose job was begun longest ago is
-- next. A job that is being deleted at this moment is left out.
update submitted_job
set status = 'running', attempts = attempts + 1, started_at = now(), progress = null
where number = (
    select j.number
    from submitted_job j
    where j.status = 'queued'
    order by
        (select max(o.started_at) from submitted_job o where o.user_id = j.user_id) nulls first,
        j.number
    limit 1
    for update of j skip locked
)
returning number, user_id, id, site_id, report, params, attempts, key_id
