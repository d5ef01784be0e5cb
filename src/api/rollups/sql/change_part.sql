-- For a writer that holds the writers' lock: up to when rows are stored in any rollup, and the
-- number of what its transaction changes behind that.
(select max(watermark) from rollup_state where watermark > '-infinity') as watermark,
(select nextval('change_number')) as change
