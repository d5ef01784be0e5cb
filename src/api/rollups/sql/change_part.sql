-- For a writer that holds the writers' lock: up to when rows are stored in any rollup, and the
-- number of what its transaction changes.
(select max(watermark) from rollup_state where watermark > '-infinity') as watermark,
(select /*include next_change_part*/) as change
