-- Sets a later first visit of visitors who have a visit less, in those that they still have.
update visit v set first_seen = own.started
from unnest(:visitors::bigint[]) settled (visitor_id)
cross join lateral (
    select min(started) as started from visit where visitor_id = settled.visitor_id
    offset 0  -- looked up visitor by visitor: other plans read every visit there is
) own
where v.visitor_id = settled.visitor_id and v.first_seen <> own.started
    -- For compressed chunks, as in delete_visits.sql.
    and v.started between :earliest and :latest
