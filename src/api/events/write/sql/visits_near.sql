-- The stored visits that events of these visitors, between these times, may belong to.
-- slots: range
select /*include visit_part*/
from json_to_recordset(:spans::json)
    span (visitor_id bigint, session_id text, lower timestamptz, upper timestamptz)
cross join lateral (
    select * from visit v
    where v.visitor_id = span.visitor_id and v.session_id is null
        -- A visit may start up to 7 days of engagement after its engaged_from, and 24 hours: the
        -- longest report of it.
        and v.started between span.lower - longest_visit()
            and span.upper + longest_visit() + interval '25 hours'
        and v.engaged_from <= span.upper + visit_timeout()
        and v.last_event >= span.lower - visit_timeout()
        and /*range*/ true /*end*/
    offset 0  -- looked up span by span: other plans read every visit there is
) v
where span.session_id is null
