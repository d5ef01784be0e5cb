-- What another product counted in all days of a range.
select
    /*include imported_numbers_part*/
from imported_day d
where d.site_id = :site and d.kind = :days and /*include imported_range_part*/
