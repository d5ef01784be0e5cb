-- Marks the rollup buckets behind their watermark that these rows lie in. Sorted, so that two
-- writers (or a writer and the refresh) take the marks in the same order. What lies before the raw
-- data of its site is never marked: it could not be computed again.
insert into rollup_dirty (rollup, site_id, bucket)
select distinct r.name, touched.site_id,
    date_bin(r.width, touched.time, timestamptz '2000-01-03 00:00:00+00') as bucket
from jsonb_to_recordset(cast(:touched as jsonb)) touched (source text, site_id integer, time timestamptz)
join rollup_state r on r.source = touched.source and touched.time < r.watermark
join site on site.id = touched.site_id and touched.time >= coalesce(site.kept_since, '-infinity')
order by 1, 2, 3
on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
