-- Drops the marks of buckets past the watermark of a rollup.
delete from rollup_dirty where rollup = :name and bucket >= :target::timestamptz
