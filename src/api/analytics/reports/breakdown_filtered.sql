-- Visits by one of their dimensions, of those that a filter chooses: each is read once. Grouped
-- twice, since count(distinct …) would sort the visits.
-- slots: dimension, visit_filter, metrics, order
select value, visits::float8 / sum(visits) over () as share, visitors, /*metrics*/ visits /*end*/
from (
    select value, count(*) as visitors, sum(visits)::bigint as visits,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(duration_seconds) as duration_seconds, sum(visit_pageviews) as visit_pageviews
    from (
        select /*dimension*/ v.source /*end*/ as value, count(*) as visits,
            sum(v.visits_with_pageview) as visits_with_pageview, sum(v.bounces) as bounces,
            sum(v.duration_seconds) as duration_seconds, sum(v.visit_pageviews) as visit_pageviews
        from visits(:site, :lower, :upper) v
        where /*visit_filter*/ true /*end*/
        group by 1, v.visitor_number
    ) of_visitors
    group by value
) of_values
order by /*order*/ visits desc, value /*end*/
limit :limit offset :offset
