-- The stored visits with these session ids, near these times. The site is compared in a form that
-- no index knows: else a partition without statistics is searched by site and time, all of it.
-- slots: range
select /*include visit_part*/
from json_to_recordset(:spans::json)
    span (site_id integer, session_id text, lower timestamptz, upper timestamptz)
cross join lateral (
    select * from visit v
    where v.site_id + 0 = span.site_id and v.session_id = span.session_id
        and v.started between span.lower - longest_session() and span.upper + longest_session()
        and /*range*/ true /*end*/
    offset 0  -- looked up span by span: other plans read every visit there is
) v
