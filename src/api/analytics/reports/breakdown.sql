-- Visits by one of their dimensions. Visitors, the expensive part, are only counted for the values
-- that are listed or may be: sorted by visitors, nobody below the bound can be among the first.
-- slots: dimension, visits, visit_in_range_filter, metrics, rank_by, visitors, chosen, top,
--     is_candidate, candidates, order
with visited as (
    select /*dimension*/ v.source /*end*/ as value, sum(visits)::bigint as visits,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us, sum(visit_pageviews) as visit_pageviews
    from /*visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
    group by 1
    -- What came late may have taken the last visit away from a value.
    having sum(visits) > 0
), measured as (
    select value, visits::float8 / sum(visits) over () as share, /*metrics*/ visits /*end*/
    from visited
), top as materialized (
    select value
    from measured
    where /*chosen*/ true /*end*/
    order by /*rank_by*/ visits desc, value /*end*/
    limit :limit::bigint + :offset::bigint
), top_visitors as materialized (
    /*include distinct_visitors value_in=top*/
), candidates as materialized (
    select value
    from measured
    where /*is_candidate*/ false /*end*/ and value <> all (array(select value from top))
), counted as (
    select * from top_visitors
    union all
    (
        /*include distinct_visitors value_in=candidates*/
    )
)
select measured.*, counted.visitors, (select count(*) from measured) as total_rows
from measured
join counted using (value)
order by /*order*/ visits desc, value /*end*/
limit :limit offset :offset
