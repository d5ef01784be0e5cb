-- Marks the buckets of hours in which more has changed than is logged.
with touched as (
    select * from unnest(:sources::text[], :sites::int[], :hours::timestamptz[])
        touched (source, site_id, time)
)
/*include mark_part*/
