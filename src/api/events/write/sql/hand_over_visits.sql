-- Gives visits to other visitors.
update visit v set visitor_id = handover.taker, visitor_number = handover.number
from unnest(:ids::uuid[], :givers::bigint[], :takers::bigint[], :numbers::integer[])
    handover (id, giver, taker, number)
where v.visitor_id = handover.giver and v.id = handover.id
    -- For compressed chunks, as in delete_visits.sql.
    and v.started between :earliest and :latest
