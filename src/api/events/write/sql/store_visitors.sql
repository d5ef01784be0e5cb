-- Stores visitors: first sight moves back only.
insert into visitor (site_id, id, number, first_seen, user_id)
select site_id, id, number, first_seen, user_id
from jsonb_to_recordset(:visitors::jsonb)
    as met (site_id integer, id bigint, number integer, first_seen timestamptz, user_id text)
on conflict (site_id, id) do update set
    first_seen = least(visitor.first_seen, excluded.first_seen),
    user_id = coalesce(excluded.user_id, visitor.user_id)
