-- Sets the first visit of visitors who lost one to the earliest that they still have.
update visitor set first_seen = own.started
from unnest(:visitors::bigint[]) settled (visitor_id)
cross join lateral (
    select min(started) as started from visit where visitor_id = settled.visitor_id
    offset 0  -- looked up visitor by visitor: other plans read every visit there is
) own
where visitor.site_id = :site and visitor.id = settled.visitor_id and own.started is not null
