-- Dirty buckets of a rollup that are due, oldest first, with the versions of their marks.
select site_id, bucket, version from rollup_dirty
where rollup = :rollup and due_at <= :due::timestamptz
order by bucket, site_id
limit :most
