-- How many people came on one day of the range, on two, …, and for how long.
-- slots: visit_in_range_filter
/*include engaged_people_part*/
select days as active_days, count(*) as people,
    count(*)::float8 / (sum(count(*)) over ())::float8 as share, sum(visits)::bigint as visits,
    (sum(seconds) / sum(visits))::float8 as visit_duration_seconds,
    count(*) over () as total_rows
from people
group by days
order by days
limit :limit offset :offset
