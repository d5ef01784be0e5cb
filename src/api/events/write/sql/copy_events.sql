-- Stores many events (see insert_events.sql).
copy event (
    visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname, title, referrer,
    user_id, duration, revenue, currency, interactive, props, last_change
) from stdin (format binary)
