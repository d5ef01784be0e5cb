-- The visits of a range that come after a row, by start, then visitor and id; sorted as in
-- events.sql.
-- slots: visit_lookup_filter
select /*include visit_columns_part*/
from (
    select * from visit v
    where v.site_id = :site and v.started >= :lower and v.started < :upper
        and (v.started, v.visitor_id, v.id) > (:after_time, :after_visitor, :after_id)
        and /*visit_lookup_filter*/ true /*end*/
    order by v.started
    fetch first (:limit) rows with ties
) v
order by v.started, v.visitor_id, v.id
limit :limit
