-- Marks the rollup buckets behind their watermark in which these visitors' events and visits lie,
-- as far back as all raw data is there to compute them from.
insert into rollup_dirty (rollup, site_id, bucket)
select distinct r.name, cast(:site as int), date_bin(r.width, gone.time, timestamptz '2000-01-03 00:00:00+00') as bucket
from (
    select 'event' as source, time from event where visitor_id = any(cast(:visitors as bigint[]))
    union all
    select 'visit', started from visit where visitor_id = any(cast(:visitors as bigint[]))
) gone
join rollup_state r on r.source = gone.source and gone.time < r.watermark
join site on site.id = cast(:site as int) and gone.time >= coalesce(site.kept_since, '-infinity')
order by 1, 2, 3
on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
