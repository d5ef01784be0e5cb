-- The stored visits with these session ids, near these times.
select v.*
from unnest(cast(:sites as int[]), cast(:sessions as text[]), cast(:lowers as timestamptz[]), cast(:uppers as timestamptz[]))
    span (site_id, session_id, lower, upper)
cross join lateral (
    select * from visit v
    where v.site_id = span.site_id and v.session_id = span.session_id
      and v.started between span.lower - interval '24 hours' and span.upper + interval '24 hours'
) v
