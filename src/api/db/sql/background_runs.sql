-- The latest runs of a background job that did something, failed or were asked for, newest first.
select id, status, was_asked, started_at, finished_at, result, error
from background_run
where job = :name
order by id desc
limit :limit
