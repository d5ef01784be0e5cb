-- Stores rejected events, one writer at a time, so that no two count each other's rows twice. Those
-- of a site that was deleted meanwhile are left out.
with alone as materialized (select pg_advisory_xact_lock(:lock))
insert into rejected_event
    (site_id, received_at, code, detail, visitor_id, user_id, user_agent, payload)
select r.site_id, r.received_at, r.code, r.detail, r.visitor_id, r.user_id, r.user_agent, r.payload
from alone, jsonb_to_recordset(:rejected::jsonb) r (
    site_id int, received_at timestamptz, code text, detail text, visitor_id bigint,
    user_id text, user_agent text, payload text
)
join site on site.id = r.site_id and site.deleted_at is null
