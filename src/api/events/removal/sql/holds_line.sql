-- Why the line of a site cannot move there yet: what rollups still have to read behind it.
select reason from (values
    ('buckets wait for a refresh', exists (
        select from rollup_dirty where site_id = cast(:site as int) and bucket < cast(:line as timestamptz)
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
