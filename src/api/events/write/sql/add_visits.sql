-- Adds visits, each with the context of its first event. As json, not jsonb: what is read once need
-- not be indexed, and it takes a fifth less time. Columns are named, so that others, which a newer
-- version has added, get their defaults.
-- slots: context
insert into visit (
    visitor_id, started, id, site_id, visitor_number, session_id, first_seen, engaged_from,
    last_event, ended,
    pageviews, events, interactive_events, revenue, first_id, last_change, is_long,
    entry_page, entry_at, entry_id, exit_page, exit_at, exit_id, /*context*/ country /*end*/
)
select
    visitor_id, started, id, site_id, visitor_number, session_id, first_seen, engaged_from,
    last_event, ended,
    pageviews, events, interactive_events, revenue, first_id, last_change, is_long,
    entry_page, entry_at, entry_id, exit_page, exit_at, exit_id, /*context*/ country /*end*/
from json_populate_recordset(null::visit, :visits::json)
