-- How often the people with a visit in the range came, and for how long.
-- slots: visit_in_range_filter
/*include engaged_people_part*/
select count(*) as people, coalesce(sum(visits), 0)::bigint as visits,
    avg(days)::float8 as active_days, percentile_cont(0.5) within group (order by days)
        as median_active_days,
    avg(visits)::float8 as visits_per_person,
    (sum(seconds) / sum(visits))::float8 as visit_duration_seconds,
    percentile_cont(0.5) within group (order by seconds::float8) as median_seconds,
    (sum(seconds) / sum(days))::float8 as seconds_per_active_day
from people
