-- Marks hours dirty in which more has changed than a log should hold.
with touched as (
    select * from jsonb_to_recordset(cast(:touched as jsonb))
        touched (source text, site_id integer, time timestamptz)
)
/*include mark_part*/
