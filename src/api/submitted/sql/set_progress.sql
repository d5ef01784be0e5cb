-- Stores how far a job is that runs, and announces it to the open pages of its owner, as the other
-- changes of notifications are. A program that submitted it with an API key has no page.
with reached as (
    update submitted_job set progress = :progress::float8
    where number = :number and status = 'running'
    returning user_id, key_id
)
select pg_notify('notifications', user_id::text) from reached where key_id is null
