-- The rejected events of a site, newest first.
select id, received_at, code, detail, visitor_id, user_id, user_agent, payload
from rejected_event
where site_id = :site
    and (:code::text is null or code = :code)
    and (:ids::bigint[] is null or id = any(:ids))
    and (:before::bigint is null or id < :before)
order by id desc
limit :limit
