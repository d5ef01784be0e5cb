-- The values of a dimension of visits, those of the most visits first.
-- slots: dimension, visits, visit_in_range_filter
select value, visits as count, count(*) over () as total_rows
from (
    select /*dimension*/ v.source /*end*/ as value, sum(visits)::bigint as visits
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
    group by 1
    having sum(visits) > 0
) found
where value <> '' and (:q = '' or position(lower(:q) in lower(value)) > 0)
order by count desc, value
limit :limit offset :offset
