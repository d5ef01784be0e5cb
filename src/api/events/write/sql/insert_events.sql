-- Stores a few events. COPY is faster for many, but does not work in a pipeline.
insert into event (
    visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname, title, referrer,
    user_id, duration, revenue, currency, interactive, props, last_change
)
select
    visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname, title, referrer,
    user_id, duration, revenue, currency, interactive, props, last_change
from jsonb_populate_recordset(null::event, :rows::jsonb)
