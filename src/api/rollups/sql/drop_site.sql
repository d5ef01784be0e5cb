-- Drops the marks of a site and what the late log has about it.
with unmarked as (
    delete from rollup_dirty where site_id = :site
), unlogged_visits as (
    delete from late_visit where site_id = :site
)
delete from late_event where site_id = :site
