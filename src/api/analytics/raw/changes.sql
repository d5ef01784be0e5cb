-- What a reader of changes has to know: where raw data begins, which changes are not kept, the last
-- of all, up to which number to read now, and what was removed up to there: `limit` rows and ids,
-- and the rest of those with the last of their numbers.
with following as (
    select number,
        1 + coalesce(cardinality(events_gone), 0) + coalesce(cardinality(visits_gone), 0) as size
    from raw_change
    where site_id = :site and number > :since
    order by number
    limit :limit
), chosen as (
    select coalesce(max(number) filter (where before < :limit), :since) as until
    from (
        select number,
            sum(size) over (order by number rows unbounded preceding) - size as before
        from following
    ) running
), gone as (
    select events_gone, times_gone, visits_gone from raw_change
    where site_id = :site and number > :since and number <= (select until from chosen)
        and (events_gone is not null or visits_gone is not null)
)
select
    site.raw_data_since, site.changes_pruned as pruned, chosen.until,
    greatest(
        changes_pruned, (select max(number) from raw_change where site_id = site.id)
    ) as last,
    (
        select coalesce(jsonb_agg(jsonb_build_object('id', id, 'time', time)), '[]')
        from gone cross join unnest(events_gone, times_gone) event (id, time)
    ) as events_gone,
    array(select unnest(visits_gone) from gone) as visits_gone
from site cross join chosen
where site.id = :site
