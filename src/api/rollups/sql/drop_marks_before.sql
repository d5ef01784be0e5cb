-- Drops the marks of buckets before the time at which the rows of a rollup begin.
delete from rollup_dirty d using rollup_state r
where r.name = :name and d.rollup = :name and d.bucket < r.rows_since
