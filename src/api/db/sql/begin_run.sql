-- Notes that a background job begins. A run that somebody asked for is no longer asked for.
insert into background_job (name, status, started_at, next_due_at)
values (:name, 'running', clock_timestamp(), clock_timestamp() + make_interval(secs => :every))
on conflict (name) do update set
    status = 'running',
    was_asked = background_job.asked_at is not null,
    asked_at = null,
    started_at = excluded.started_at,
    next_due_at = excluded.next_due_at
