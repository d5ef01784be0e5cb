-- Removes the marks of a rollup whose version is still the one that was read. They are locked in
-- the order in which writers take them, so that the two never wait for each other in a circle.
with read as (
    select * from unnest(:sites::int[], :buckets::timestamptz[], :versions::bigint[])
        read (site_id, bucket, version)
), locked as materialized (
    select d.site_id, d.bucket from rollup_dirty d
    join read using (site_id, bucket, version)
    where d.rollup = :rollup
    order by d.site_id, d.bucket
    for update of d
)
delete from rollup_dirty d using locked
where d.rollup = :rollup and d.site_id = locked.site_id and d.bucket = locked.bucket
