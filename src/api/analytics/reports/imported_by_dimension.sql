-- Numbers that another product counted, by the values of a property of its rows, the largest first.
-- slots: dimension
select /*dimension*/ d.properties ->> 'page' /*end*/ as value,
    /*include imported_numbers_part*/
from imported_day d
where d.site_id = :site and d.kind = :kind and /*include imported_range_part*/
group by value
order by coalesce(sum(d.visits), sum(d.events)) desc, value
limit :limit
