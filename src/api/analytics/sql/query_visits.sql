-- Any metrics by any dimensions of visits and of time. Visits count where they started, page views
-- and custom events at their own time.
with visited as (
    select /*visit_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        count(distinct v.visitor_id) as visitors, sum(v.visits) as visits, sum(v.viewed) as viewed,
        sum(v.bounces) as bounces, sum(v.seconds) as seconds, sum(v.views) as views
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    group by 1
), happened as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        sum(e.pageviews) as pageviews, sum(e.pageviews + e.custom_events) as events
    from events(:site, :lower, :upper) e
    join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id
        and v.started between e.time - interval '7 days' and e.time
    where /*event_filter*/ true /*end*/
    group by 1
)
select dimensions, coalesce(visitors, 0)::bigint as visitors, coalesce(visits, 0)::bigint as visits,
    coalesce(pageviews, 0)::bigint as pageviews, coalesce(events, 0)::bigint as events,
    round(100.0 * bounces / nullif(viewed, 0), 1)::float8 as bounce_rate,
    round(seconds / nullif(visits, 0))::float8 as visit_duration,
    round(views::numeric / nullif(visits, 0), 2)::float8 as views_per_visit,
    count(*) over () as total_rows
from visited
full join happened using (dimensions)
order by /*order*/ visitors desc, dimensions /*end*/
limit :limit offset :offset
