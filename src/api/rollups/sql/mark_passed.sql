-- Marks the buckets between the watermark and its target that have rows, or that the late log has
-- rows of: what is logged must not be added to nothing. They are due at once.
insert into rollup_dirty (rollup, site_id, bucket, due_at)
select distinct r.name, passed.site_id,
    bucket_start(r.width, passed.time), :now::timestamptz
from (
    select site_id, /*time*/ started /*end*/ as time from /*table*/ visit /*end*/
    where /*time*/ started /*end*/ < :target::timestamptz and /*time*/ started /*end*/ >= (
        select greatest(watermark, rows_since) from rollup_state where name = :name
    )
    union all
    select site_id, /*time*/ started /*end*/ from /*log*/ late_visit /*end*/
    where /*time*/ started /*end*/ < :target and /*time*/ started /*end*/ >= (
        select greatest(watermark, rows_since) from rollup_state where name = :name
    )
) passed
join rollup_state r on r.name = :name
join site on site.id = passed.site_id
where passed.time >= coalesce(site.raw_data_since, '-infinity')
on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
