-- Marks the buckets of hours in which more has changed than is logged.
with touched as (
    select * from jsonb_to_recordset(cast(:touched as jsonb))
        touched (source text, site_id integer, time timestamptz)
)
/*include mark_part*/
