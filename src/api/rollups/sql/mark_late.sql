-- Marks the stored buckets of a rollup that have changes in the late log which its stored rows do
-- not contain, and that passed an age since it was refreshed last, or are older than anything is
-- late.
insert into rollup_dirty (rollup, site_id, bucket, due_at)
select distinct r.name, c.site_id, bucket, :now::timestamptz
from (
    select site_id, change, /*time*/ started /*end*/ as time
    from /*log*/ late_visit /*end*/
    where /*only*/ true /*end*/
) c
join rollup_state r on r.name = :name and c.time >= r.rows_since and c.time < r.watermark
join site on site.id = c.site_id and c.time >= coalesce(site.raw_data_since, '-infinity')
cross join lateral bucket_start(r.width, c.time) bucket
where (
    :everything
    or exists (
        select from unnest(:late_ages::interval[]) age
        where bucket > coalesce(r.refreshed_at, '-infinity') - r.width - age
            and bucket <= :now - r.width - age
    )
    or bucket <= :now - r.width - :longest_late::interval
) and c.change > coalesce((
    select max(s.last_change) from /*stored*/ traffic_stored /*end*/ s
    where s.site_id = c.site_id and s.bucket = bucket.bucket and s.last_change is not null
), 0)
order by 1, 2, 3
on conflict do nothing
