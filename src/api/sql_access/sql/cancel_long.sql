-- Cancels statements of login roles that read by SQL and have run for long. Returns how many.
select count(*) filter (where pg_cancel_backend(a.pid)) as cancelled
from pg_stat_activity a
where a.datname = current_database() and a.usename in (select role from sql_role_site)
    and a.state = 'active' and a.query_start < now() - :seconds * interval '1 second'
