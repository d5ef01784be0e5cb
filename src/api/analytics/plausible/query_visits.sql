-- Any metrics by any dimensions of visits and of time. Visits count where they started, page views
-- and custom events at their own time. What no metric asked for needs is not read.
-- slots: visit_dimensions, visit_sums, visit_filter, grouped, event_dimensions, event_sums,
--     event_filter, everybody_filter, metrics, order
with visited as (
    select /*visit_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        count(distinct v.visitor_id) as visitors,
        count(distinct v.visitor_id) filter (where v.started = v.first_seen) as new_visitors,
        /*visit_sums*/ sum(v.visits) as visits /*end*/
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/
    /*grouped*/ group by 1 /*end*/
), happened as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        /*event_sums*/ sum(e.pageviews) as pageviews /*end*/,
        min(e.currency) as currency, max(e.currency) as other_currency, count(e.revenue) as orders
    from events(:site, :lower, :upper) e
    /*include visits_of_events_part*/
    where :of_events and e.name <> 'engagement' and /*event_filter*/ true /*end*/
    /*grouped*/ group by 1 /*end*/
), timed as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        sum(e.seconds) as page_seconds, count(e.seconds) as timed_views,
        avg(e.scroll_depth)::float8 as scroll_depth
    from (
        /*include ../reports/page_views*/
    ) e
    /*include visits_of_events_part*/
    where :of_page_views and /*event_filter*/ true /*end*/
    /*grouped*/ group by 1 /*end*/
), all_groups as (
    select count(distinct v.visitor_id) as all_visitors
    from visits(:site, :lower, :upper) v
    where :of_all_groups and /*visit_filter*/ true /*end*/
), everybody as (
    select count(distinct v.visitor_id) as everybody
    from visits(:site, :lower, :upper) v
    where :of_everybody and /*everybody_filter*/ true /*end*/
), everybody_in_group as (
    select /*visit_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        count(distinct v.visitor_id) as group_visitors
    from visits(:site, :lower, :upper) v
    where :of_everybody and /*everybody_filter*/ true /*end*/
    group by 1
)
select dimensions, count(*) over () as total_rows, currency, other_currency,
    /*metrics*/ visits, visitors /*end*/
from visited
full join happened using (dimensions)
left join timed using (dimensions)
left join everybody_in_group using (dimensions)
cross join everybody
cross join all_groups
order by /*order*/ visitors desc, dimensions /*end*/
limit :limit offset :offset
