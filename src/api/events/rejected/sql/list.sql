-- The rejected events of a site, newest first.
select id, received_at, code as error, detail, visitor_id, user_id, user_agent, payload
from rejected_event
where site_id = :site
    and (:error::text is null or code = :error)
    and (:ids::bigint[] is null or id = any(:ids))
    and (:before::bigint is null or id < :before)
order by id desc
limit :limit
