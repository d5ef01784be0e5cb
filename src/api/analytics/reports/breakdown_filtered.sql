-- Visits by one of their dimensions, of those that a filter chooses: each is read once.
-- slots: copied_visits, metrics, dimension, visit_in_range_filter, chosen, order
select *
from (
    select value, visits::float8 / sum(visits) over () as share, visitors,
        count(*) over () as total_rows, /*metrics*/ visits /*end*/
    from (
        select /*dimension*/ v.source /*end*/ as value, count(*) as visits,
            count(distinct v.visitor_number) as visitors,
            sum(v.visits_with_pageview) as visits_with_pageview, sum(v.bounces) as bounces,
            sum(v.visit_duration_us) as visit_duration_us, sum(v.visit_pageviews) as visit_pageviews
        from /*copied_visits*/ visits /*end*/ (:site, :lower, :upper) v
        where /*visit_in_range_filter*/ true /*end*/
        group by 1
    ) visited
) measured
where /*chosen*/ true /*end*/
order by /*order*/ visits desc, value /*end*/
limit :limit offset :offset
