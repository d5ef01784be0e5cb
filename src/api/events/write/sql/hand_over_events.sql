-- Gives the events of visits to other visitors. Those of unopened visits have no number yet.
update event e set
    visitor_id = handover.taker,
    visitor_number = case when e.visitor_number >= 0 then handover.number else -1 end
from unnest(:ids::uuid[], :givers::bigint[], :takers::bigint[], :numbers::integer[])
    handover (id, giver, taker, number)
where e.visitor_id = handover.giver and e.visit_id = handover.id
    -- For compressed chunks, as in delete_visits.sql.
    and e.time between :earliest and :latest
