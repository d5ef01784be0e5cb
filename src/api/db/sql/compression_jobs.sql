-- The jobs that compress old chunks of these tables, and the age at which they do.
select job_id, (config ->> 'compress_after')::interval as age
from timescaledb_information.jobs
where proc_name = 'policy_compression' and hypertable_name = any(:tables::text[])
order by 1
