-- The rollups with a watermark that should have moved by a time, or a bucket that was due by then
-- and not computed. A new installation fills its rollups at first.
select name from rollup_state r
join unnest(:names::text[], :lags::interval[]) asked (name, lag) using (name)
cross join lateral bucket_start(width, :then::timestamptz - lag) passed
where watermark < passed and exists (
    select from site where created_at < :then and (
        watermark > '-infinity'
        or exists (select from event where site_id = site.id and time < passed)
    )
) or coalesce(refreshed_at, '-infinity') < :then and exists (
    select from rollup_dirty d where d.rollup = r.name and d.due_at < :then
)
order by name
