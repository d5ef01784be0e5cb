-- What the writer reads of a visit, by the names of the fields of Visit (visits.py). The context of
-- a stored visit does not change, so it is not read.
v.id, v.site_id, v.visitor_id, v.session_id, v.started, v.engaged_from, v.first_id, v.last_event,
v.ended, v.pageviews, v.events, v.interactive_events, v.revenue,
case
    when v.entry_at is not null
    then json_build_object('at', v.entry_at, 'id', v.entry_id, 'page', v.entry_page)
end as entry,
case
    when v.exit_at is not null
    then json_build_object('at', v.exit_at, 'id', v.exit_id, 'page', v.exit_page)
end as exit,
v.visitor_number, v.first_seen, v.started as stored_started
