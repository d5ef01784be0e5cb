-- The columns of RawEvent (rows.py), over an event (e).
e.time, e.id, case when e.visitor_number >= 0 then e.visit_id end as visit_id,
e.visitor_id::text as visitor_id, e.user_id, e.name, e.page, e.hostname,
e.title, e.referrer, e.duration::float8 as duration, e.revenue::float8 as revenue, e.currency,
e.interactive, e.props
