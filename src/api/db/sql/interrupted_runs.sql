-- Notes that the process which ran these background jobs has ended meanwhile.
with ended as (
    update background_job
    set status = 'failed', finished_at = now(), result = null,
        error = 'The process that ran it has ended.'
    where status = 'running' and name = any(:names)
    returning name, status, was_asked, started_at, finished_at, result, error
)
insert into background_run (job, status, was_asked, started_at, finished_at, result, error)
select * from ended
