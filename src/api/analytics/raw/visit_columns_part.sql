-- The columns of RawVisit (rows.py), over a visit (v).
v.started, v.id as visit_id, v.visitor_id::text as visitor_id, v.session_id, v.last_event, v.ended,
v.duration_us::float8 / 1e6 as duration_seconds, v.pageviews,
v.events - v.pageviews as custom_events, v.interactive_events, v.is_bounce = 1 as is_bounce,
v.entry_page, v.exit_page, v.revenue::float8 as revenue, v.hostname, v.referrer_domain, v.channel,
v.source, v.medium, v.campaign, v.content, v.term, v.country, v.region, v.city, v.device, v.browser,
v.browser_version, v.os, v.os_version, v.screen, v.language
