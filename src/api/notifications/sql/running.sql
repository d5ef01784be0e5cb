-- The submitted jobs of an account that run, without those of programs with API keys.
select id, report, progress, started_at
from submitted_job
where user_id = :user and status = 'running' and key_id is null
order by number
