-- The visits that changes name, as they are now. One that has another start now is named by a later
-- change.
select /*include visit_columns_part*/
from (
    select distinct visitor_id, started from raw_change
    where site_id = :site and number > :since and number <= :until and visitor_id is not null
) changed
cross join lateral (
    select * from visit v
    where v.visitor_id = changed.visitor_id and v.started = changed.started
        and v.site_id = :site and v.started >= coalesce(:raw_data_since, '-infinity'::timestamptz)
    offset 0  -- looked up one by one: other plans read every visit there is
) v
order by v.started, v.visitor_id, v.id
