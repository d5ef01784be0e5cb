-- The events of a range that come after a row, by time, then visitor and id. Sorted by time alone
-- first, as an index and the columnstore have them: so a page reads its rows and not the range.
-- slots: event_filter
select /*include event_columns_part*/
from (
    select * from event e
    where e.site_id = :site and e.time >= :lower and e.time < :upper
        and (e.time, e.visitor_id, e.id) > (:after_time, :after_visitor, :after_id)
        and /*event_filter*/ true /*end*/
    order by e.time
    fetch first (:limit) rows with ties
) e
order by e.time, e.visitor_id, e.id
limit :limit
