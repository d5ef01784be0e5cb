-- Stores visitors: first and last sight move outwards only.
insert into visitor (site_id, id, ordinal, first_seen, last_seen, user_id)
select site_id, id, ordinal, first_seen, last_seen, user_id
from jsonb_populate_recordset(null::visitor, cast(:visitors as jsonb))
on conflict (site_id, id) do update set
    first_seen = least(visitor.first_seen, excluded.first_seen),
    last_seen = greatest(visitor.last_seen, excluded.last_seen),
    user_id = coalesce(excluded.user_id, visitor.user_id)
