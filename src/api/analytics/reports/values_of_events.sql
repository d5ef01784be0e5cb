-- The values of a dimension of events, the most frequent first.
-- slots: dimension, count, events, event_filter
select value, count, count(*) over () as total_rows
from (
    select /*dimension*/ e.name /*end*/ as value, (/*count*/ count(*) /*end*/)::bigint as count
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/
    group by 1
) found
where count > 0 and value <> '' and (:q = '' or position(lower(:q) in lower(value)) > 0)
order by count desc, value
limit :limit offset :offset
