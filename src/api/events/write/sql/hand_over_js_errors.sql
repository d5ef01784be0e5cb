-- Gives JavaScript errors to the visitors who got the visits that they lie in or next to.
update js_error o set visitor_id = handover.taker
from unnest(:givers::bigint[], :takers::bigint[], :lowers::timestamptz[], :uppers::timestamptz[])
    handover (giver, taker, lower, upper)
where o.visitor_id = handover.giver
    and o.time between handover.lower - visit_timeout() and handover.upper + visit_timeout()
    -- For compressed chunks, as in delete_visits.sql.
    and o.time between :earliest and :latest
