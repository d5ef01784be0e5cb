-- Adds visits, and updates those that are stored already and got more events. The context is that
-- of the first event, so it does not change. By ON CONFLICT each visit is found by its key, in a
-- compressed chunk too.
-- slots: context, given - its columns, and their values: '' where a stored visit has none
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
    entry_page, entry_at, entry_id, exit_page, exit_at, exit_id, /*given*/ country /*end*/
from json_populate_recordset(null::visit, :visits::json)
on conflict (visitor_id, started, id) do update set
    first_seen = excluded.first_seen,
    engaged_from = excluded.engaged_from,
    last_event = excluded.last_event,
    is_long = excluded.is_long,
    ended = excluded.ended,
    pageviews = excluded.pageviews,
    events = excluded.events,
    interactive_events = excluded.interactive_events,
    revenue = excluded.revenue,
    entry_page = excluded.entry_page,
    entry_at = excluded.entry_at,
    entry_id = excluded.entry_id,
    exit_page = excluded.exit_page,
    exit_at = excluded.exit_at,
    exit_id = excluded.exit_id,
    last_change = coalesce(excluded.last_change, visit.last_change)
