-- The time ranges of the chunks of a hypertable, oldest first.
select range_start, range_end from timescaledb_information.chunks
where hypertable_name = :table
order by 1
