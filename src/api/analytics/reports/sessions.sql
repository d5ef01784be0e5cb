-- Visits, the latest first, each with the pages it went through.
-- slots: visit_lookup_filter, order
select v.id as visit_id, v.started, v.ended,
    extract(epoch from v.ended - v.started)::float8 as duration_seconds, v.pageviews,
    v.events - v.pageviews as custom_events, v.bounces = 1 as is_bounce, v.entry_page,
    v.exit_page, v.session_id, v.channel, v.source, v.country, v.browser, v.os, v.device,
    path.pages as path
from visits(:site, :lower, :upper) v
cross join lateral (
    select coalesce(array_agg(e.page order by e.time, e.id), '{}') as pages
    from event e
    where e.visitor_id = v.visitor_id and e.visit_id = v.id and e.name = 'pageview'
        and e.time between v.started and v.last_event
) path
where /*visit_lookup_filter*/ true /*end*/
order by /*order*/ started desc, visit_id /*end*/
limit :limit offset :offset
