-- Copies the visits of a range that a filter chooses, and those from before it that may reach it;
-- at most so many.
-- slots: visit_filter
insert into pg_temp.copied_visit
select *
from (
    select * from visits(:site, :lower::timestamptz - long_visit(), :upper)
    union all
    select * from visits(
        :site, :lower::timestamptz - longest_visit(), :lower::timestamptz - long_visit()
    )
    where is_long
) v
where /*visit_filter*/ true /*end*/
limit :most
