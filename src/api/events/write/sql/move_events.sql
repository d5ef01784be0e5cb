-- Gives events their new visit: those of visits that became part of others, and engagement whose
-- visit was opened late, which gets its visitor's number, too.
update event e set visit_id = moved.host, visitor_number = moved.number
from unnest(
    :visitors::bigint[], :lowers::timestamptz[], :uppers::timestamptz[],
    :ids::uuid[], :hosts::uuid[], :numbers::integer[]
) moved (visitor_id, lower, upper, id, host, number)
where e.visitor_id = moved.visitor_id and e.visit_id = moved.id
    and e.time between moved.lower and moved.upper
    -- For compressed chunks, as in delete_visits.sql.
    and e.time between :earliest and :latest
