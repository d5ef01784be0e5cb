-- Visits by one of their dimensions.
with visited as (
    select /*dimension*/ v.source /*end*/ as value, sum(visits)::bigint as visits,
        sum(viewed) as viewed, sum(bounces) as bounces, sum(seconds) as seconds,
        sum(views) as views
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    group by 1
), people as (
    select /*dimension*/ v.source /*end*/ as value, count(distinct visitor_id) as visitors
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    group by 1
)
select value, visits::float8 / sum(visits) over () as share, /*metrics*/ visits, visitors /*end*/
from visited
join people using (value)
order by /*order*/ visits desc, value /*end*/
limit :limit offset :offset
