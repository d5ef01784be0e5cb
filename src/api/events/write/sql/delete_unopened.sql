-- Deletes unopened visits that became part of others.
delete from unopened_visit u
using unnest(:visitors::bigint[], :ids::uuid[]) gone (visitor_id, id)
where u.visitor_id = gone.visitor_id and u.id = gone.id
