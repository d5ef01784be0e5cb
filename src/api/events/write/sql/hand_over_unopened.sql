-- Gives unopened visits to other visitors.
update unopened_visit u set visitor_id = handover.taker
from unnest(:ids::uuid[], :givers::bigint[], :takers::bigint[]) handover (id, giver, taker)
where u.visitor_id = handover.giver and u.id = handover.id
