-- The headline numbers of a range.
select people.visitors, visited.visits, viewed.pageviews,
    visited.views::float8 / nullif(visited.visits, 0) as views_per_visit,
    visited.bounces::float8 / nullif(visited.viewed, 0) as bounce_rate,
    visited.seconds::float8 / nullif(visited.visits, 0) as visit_duration
from (
    select coalesce(sum(visits), 0)::bigint as visits, sum(viewed) as viewed,
        sum(bounces) as bounces, sum(seconds) as seconds, sum(views) as views
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
) visited
cross join (
    select coalesce(sum(pageviews), 0)::bigint as pageviews
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/
) viewed
cross join (
    select count(distinct visitor_id) as visitors
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
) people
