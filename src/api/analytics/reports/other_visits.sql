-- The other visits of the visitor of a visit since a time, the latest first, and how many they are.
select v.id as visit_id, v.started, v.pageviews, v.events - v.pageviews as custom_events,
    extract(epoch from v.ended - v.started)::float8 as duration_seconds, v.entry_page,
    v.exit_page, v.channel, v.source, count(*) over () as total
from visits(:site, :since, 'infinity') v
where v.id <> :visit and v.visitor_id = (
    select one.visitor_id from visits(:site, :lower, :upper) one where one.id = :visit
)
order by v.started desc, v.id
limit :most
