-- Gives the events of visits that became part of others their new visit.
update event e set visit_id = moved.host
from unnest(
    :visitors::bigint[], :lowers::timestamptz[], :uppers::timestamptz[],
    :ids::uuid[], :hosts::uuid[]
) moved (visitor_id, lower, upper, id, host)
where e.visitor_id = moved.visitor_id and e.visit_id = moved.id
    and e.time between moved.lower and moved.upper
    -- For compressed chunks, as in delete_visits.sql.
    and e.time between :earliest and :latest
