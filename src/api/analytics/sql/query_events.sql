-- Metrics by dimensions of events (page, name, properties), alone or with those of their visits.
with happened as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        count(distinct e.visitor_id) as visitors, count(distinct e.visit_id) as visits,
        sum(e.pageviews)::bigint as pageviews,
        sum(e.pageviews + e.custom_events)::bigint as events
    from events(:site, :lower, :upper) e
    join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id
        and v.started between e.time - interval '7 days' and e.time
    where /*event_filter*/ true /*end*/ and e.name <> 'engagement'
    group by 1
)
select *, count(*) over () as total_rows
from happened
order by /*order*/ visitors desc, dimensions /*end*/
limit :limit offset :offset
