-- Deletes rejected events of a person, or with their name anywhere.
delete from rejected_event
where site_id = :site
    and (visitor_id = any(:visitors::bigint[]) or user_id = :name or strpos(payload, :quoted) > 0)
