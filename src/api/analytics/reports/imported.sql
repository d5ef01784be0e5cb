-- Numbers of days that another product counted.
select d.day,
    /*include imported_numbers_part*/
from imported_day d
where d.site_id = :site and d.kind = :kind and /*include imported_range_part*/
group by d.day
order by d.day
