-- When visits begin: by ISO weekday (1 is Monday) and hour of the local clock.
-- slots: visit_in_range_filter
select extract(isodow from v.started at time zone :timezone)::int as weekday,
    extract(hour from v.started at time zone :timezone)::int as hour,
    count(*) as visits, count(distinct v.visitor_id) as visitors
from visits(:site, :lower, :upper) v
where /*visit_in_range_filter*/ true /*end*/
group by 1, 2
order by 1, 2
