-- Page views and custom events of visits, each in the bucket of its own time. Most visits lie in one
-- bucket and know how many they had; only of those that cross an edge the events are read.
select v.visitor_id, v.first_seen, v.started, v.last_event, v.entry_page, v.exit_page,
    v.referrer_domain, v.channel, v.source, v.medium, v.campaign, v.content, v.term,
    v.country, v.region, v.city, v.browser, v.browser_version, v.os, v.os_version, v.device,
    v.screen, v.language,
    v.started as bucket, v.pageviews, v.events - v.pageviews as custom_events
from visits(:site, :lower, :upper) v
where v.last_event < :upper
    and width_bucket(v.started, :edges::timestamptz[]) = width_bucket(v.last_event, :edges::timestamptz[])
union all
select v.visitor_id, v.first_seen, v.started, v.last_event, v.entry_page, v.exit_page,
    v.referrer_domain, v.channel, v.source, v.medium, v.campaign, v.content, v.term,
    v.country, v.region, v.city, v.browser, v.browser_version, v.os, v.os_version, v.device,
    v.screen, v.language,
    e.time, e.pageviews, e.custom_events
from visits(:site, :lower::timestamptz - interval '7 days', :upper) v
-- offset 0 reads these visits one by one: joined, all events would be read.
cross join lateral (
    select e.time, e.pageviews, e.custom_events
    from events(:site, :lower, :upper) e
    where e.visitor_id = v.visitor_id and e.visit_id = v.id
        and e.time between v.started and v.last_event
    offset 0
) e
where v.last_event >= :lower and (v.started < :lower or v.last_event >= :upper
    or width_bucket(v.started, :edges::timestamptz[]) <> width_bucket(v.last_event, :edges::timestamptz[]))
