-- Events in time buckets, by page, and by a dimension of their visits where one is asked for.
-- slots: dimension, event_filter
select (:starts::timestamptz[])[width_bucket(e.time, :starts::timestamptz[])] as time,
    e.page, e.name, /*dimension*/ null::text /*end*/ as value, count(*) as events,
    avg(e.duration)::float8 as duration_seconds, count(*) over () as total_rows
from events(:site, :lower, :upper) e
left join visit v on :broken_down and v.visitor_id = e.visitor_id
    and v.id = e.visit_id and visit_reaches(v.started, e.time)
    and v.started >= :lower::timestamptz - longest_visit() and v.started < :upper
where /*event_filter*/ true /*end*/ and e.name <> 'engagement'
    and (:pages::text[] is null or e.page = any(:pages))
group by 1, 2, 3, 4
order by 1, 2, 3, 4
limit :limit offset :offset
