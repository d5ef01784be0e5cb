-- Marks the rollup buckets behind their watermark in which these hours lie. Sorted, so that two
-- writers (or a writer and the refresh) lock the marks in the same order. Hours before the raw data
-- of their site are never marked: they could not be computed again. A marked hour needs no log: it
-- is read from the base table, and computed from it again.
, unlogged_visits as (
    delete from late_visit c using touched
    where touched.source = 'visit' and c.site_id = touched.site_id
        and c.started >= touched.time and c.started < touched.time + interval '1 hour'
), unlogged_events as (
    delete from late_event c using touched
    where touched.source = 'event' and c.site_id = touched.site_id
        and c.time >= touched.time and c.time < touched.time + interval '1 hour'
)
insert into rollup_dirty (rollup, site_id, bucket, due_at)
select distinct r.name, touched.site_id, bucket, refresh_due(bucket + r.width, now())
from touched
join rollup_state r on r.source = touched.source
    and touched.time >= r.rows_since and touched.time < r.watermark
cross join lateral bucket_start(r.width, touched.time) bucket
join site on site.id = touched.site_id
    and touched.time >= coalesce(site.raw_data_since, '-infinity')
order by 1, 2, 3
on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
