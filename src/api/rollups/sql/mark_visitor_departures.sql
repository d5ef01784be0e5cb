-- Marks bitmap buckets that lost a visitor: after this change the visitor has no visit with those
-- dimension values in the bucket. Counts are corrected by the log; a bitmap does not say whether a
-- visitor is in it for another visit, too.
insert into rollup_dirty (rollup, site_id, bucket, due_at)
select distinct r.name, left_one.site_id, bucket, refresh_due(bucket + r.width, now())
from late_visit left_one
join rollup_state r on r.source = 'visit' and left_one.started < r.watermark
    and r.distinct_visitors
cross join lateral bucket_start(r.width, left_one.started) bucket
where left_one.change = :change and left_one.sign < 0
    and not exists (
        select from (
            select * from visit
            where visitor_id = left_one.visitor_id
                and started >= bucket and started < bucket + r.width
            offset 0  -- TRAP: of a compressed chunk, no row can be had as one value
        ) v
        where not exists (
            select from unnest(r.dimensions) dimension
            where to_jsonb(v) -> dimension is distinct from to_jsonb(left_one) -> dimension
        )
    )
order by 1, 2, 3
on conflict (rollup, site_id, bucket) do update set version = rollup_dirty.version + 1
