-- Marks hours dirty; those that are only logged, too, where stored rows know nothing of the log.
with touched as (
    select * from jsonb_to_recordset(cast(:touched as jsonb))
        touched (source text, site_id integer, time timestamptz, is_marked boolean)
)
/*include mark_part*/
