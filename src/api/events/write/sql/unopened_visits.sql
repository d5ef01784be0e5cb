-- The unopened visits that events of these visitors or sessions may belong to, by the names of the
-- fields of Visit (visits.py).
select u.id, u.site_id, u.visitor_id, u.session_id, u.started, u.engaged_from, u.id as first_id,
    u.last_event, u.last_event as ended, 0 as pageviews, 0 as events, 0 as interactive_events,
    0 as revenue, null as entry, null as exit, true as stored_unopened
from json_to_recordset(:spans::json) span (
    visitor_id bigint, site_id integer, session_id text, lower timestamptz, upper timestamptz
)
cross join lateral (
    select * from unopened_visit
    where span.session_id is null and session_id is null and visitor_id = span.visitor_id
        and last_event >= span.lower - visit_timeout()
        and engaged_from <= span.upper + visit_timeout()
    union all
    select * from unopened_visit
    where session_id = span.session_id and site_id = span.site_id
        and started between span.lower - longest_session() and span.upper + longest_session()
    offset 0  -- looked up span by span: other plans read all of the table
) u
