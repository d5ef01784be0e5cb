-- Deletes visits that became part of others, or that begin with another event now: of those almost
-- every column changes, and a row cannot change its partition.
delete from visit v
using unnest(:visitors::bigint[], :starteds::timestamptz[], :ids::uuid[])
    gone (visitor_id, started, id)
where v.visitor_id = gone.visitor_id and v.started = gone.started and v.id = gone.id
    -- TRAP: without it whole compressed chunks are decompressed; a join does not tell what to skip.
    and v.started between :earliest and :latest
