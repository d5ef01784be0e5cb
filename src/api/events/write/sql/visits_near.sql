-- The stored visits that events of these visitors, between these times, may belong to.
select /*include visit_part*/
from jsonb_to_recordset(:spans::jsonb)
    span (visitor_id bigint, lower timestamptz, upper timestamptz)
cross join lateral (
    select * from visit v
    where v.visitor_id = span.visitor_id and v.session_id is null
        and v.started between span.lower - interval '7 days' and span.upper + interval '25 hours'
        and v.engaged_from <= span.upper + interval '30 minutes'
        and v.last_event >= span.lower - interval '30 minutes'
    offset 0  -- looked up span by span: other plans read every visit there is
) v
