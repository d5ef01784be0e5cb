-- Adds visits, each with the context of its first event. Long ones are flagged, for queries that
-- look for visits that go on from before a range (see chosen_visits_part.sql).
insert into visit (
    visitor_id, started, id, site_id, visitor_number, session_id, first_seen, engaged_from,
    last_event, ended,
    pageviews, events, interactive_events, revenue, first_id, last_change, is_long,
    entry_page, entry_at, entry_id, exit_page, exit_at, exit_id,
    hostname, referrer_domain, channel, source, medium, campaign, content, term,
    country, region, city, browser, browser_version, os, os_version, device, screen, language
)
select
    new.visitor_id, new.started, new.id, new.site_id, new.visitor_number, new.session_id,
    new.first_seen, new.engaged_from, new.last_event, new.ended,
    new.pageviews, new.events, new.interactive_events, new.revenue, new.first_id,
    new.last_change, new.last_event - new.started > interval '6 hours',
    coalesce(entry ->> 'page', ''), (entry ->> 'at')::timestamptz, (entry ->> 'id')::uuid,
    coalesce(exit ->> 'page', ''), (exit ->> 'at')::timestamptz, (exit ->> 'id')::uuid,
    told.hostname, told.referrer_domain, told.channel, told.source, told.medium, told.campaign,
    told.content, told.term, told.country, told.region, told.city, told.browser,
    told.browser_version, told.os, told.os_version, told.device, told.screen, told.language
from jsonb_to_recordset(:visits::jsonb) as new (
    visitor_id bigint, started timestamptz, id uuid, site_id integer, visitor_number integer,
    session_id text, first_seen timestamptz, engaged_from timestamptz, last_event timestamptz,
    ended timestamptz, pageviews integer, events integer, interactive_events integer,
    revenue numeric, first_id uuid, last_change bigint, entry jsonb, exit jsonb, context jsonb
)
cross join lateral jsonb_populate_record(null::visit, new.context) told
