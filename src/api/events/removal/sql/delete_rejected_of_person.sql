-- Deletes rejected events that are a person's, or name them anywhere.
delete from rejected_event
where site_id = :site
  and (visitor_id = any(cast(:visitors as bigint[])) or user_id = :name or strpos(payload, :quoted) > 0)
