-- Stores visitors: first sight moves back only.
insert into visitor (site_id, id, number, first_seen, user_id)
select site_id, id, number, first_seen, user_id
from json_populate_recordset(null::visitor, :visitors::json)
on conflict (site_id, id) do update set
    first_seen = least(visitor.first_seen, excluded.first_seen),
    user_id = coalesce(excluded.user_id, visitor.user_id)
