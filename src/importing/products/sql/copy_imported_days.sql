-- Adds the numbers of days of an import.
copy imported_day (
    site_id, import_id, kind, day, properties, visitors, visits, pageviews, bounces, visit_seconds,
    events
) from stdin
