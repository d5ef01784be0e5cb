-- Notes how a background job ended. The log keeps the latest runs that did something, failed or
-- were asked for.
with ended as (
    update background_job
    set status = :status, finished_at = clock_timestamp(), result = :result, error = :error,
        next_due_at = clock_timestamp() + make_interval(secs => :every)
    where name = :name
    returning name, status, was_asked, started_at, finished_at, result, error
), logged as (
    insert into background_run
        (job, status, was_asked, started_at, finished_at, result, error)
    select * from ended
    where :is_news or was_asked
    returning job
)
delete from background_run
where id in (
    select r.id
    from background_run r
    join logged on logged.job = r.job
    order by r.id desc
    offset :kept
)
