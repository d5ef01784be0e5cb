-- The columns of a visit that the writer reads, in the order of visit_from (tables.py). The context
-- of a stored visit does not change, so it is not read.
v.id, v.site_id, v.visitor_id, v.session_id, v.started, v.engaged_from, v.first_id, v.last_event,
v.ended, v.pageviews, v.events, v.interactive_events, v.revenue,
v.entry_at, v.entry_id, v.entry_page, v.exit_at, v.exit_id, v.exit_page,
v.visitor_number, v.first_seen
