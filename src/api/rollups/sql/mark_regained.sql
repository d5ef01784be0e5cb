-- Marks the hours between two lines of a site in which it has raw data: changes were not marked
-- while they lay behind the line.
with touched as (
    select 'event' as source, :site::int as site_id, date_trunc('hour', time, 'UTC') as time
    from event where site_id = :site and time >= :line and time < :before
    union
    select 'visit', :site, date_trunc('hour', started, 'UTC')
    from visit where site_id = :site and started >= :line and started < :before
)
/*include mark_part*/
