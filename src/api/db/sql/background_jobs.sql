-- The states of these background jobs, as far as they have one.
select name, status, asked_at, started_at, finished_at, next_due_at, result, error
from background_job
where name = any(:names)
