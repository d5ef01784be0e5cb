-- What rollups still have to read of a site's raw data before a line.
select reason from (values
    ('buckets wait for a refresh', exists (
        select from rollup_dirty where site_id = :site and bucket < :line::timestamptz
    )),
    ('late changes wait for a refresh', exists (
        select from late_visit where site_id = :site and started < :line
    ) or exists (
        select from late_event where site_id = :site and time < :line
    )),
    -- A rollup of empty tables has no watermark yet.
    ('buckets were never stored', exists (
        select from rollup_state
        where watermark < :line and (watermark > '-infinity'
            or exists (select from event) or exists (select from visit))
    ))
) reasons (reason, holds)
where holds
