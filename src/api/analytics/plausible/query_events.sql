-- Metrics by dimensions of events (page, name, properties, goals), alone or with those of their
-- visits and of time. What no metric asked for needs is not read.
-- slots: event_dimensions, event_sums, joins, event_filter, entry_dimensions, visit_filter,
--     exit_dimensions, everybody_filter, group_dimensions, everybody_event_filter,
--     visitor_dimensions, metrics, without_goal, order
with happened as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        count(distinct e.visitor_id) as visitors, count(distinct e.visit_id) as visits,
        count(distinct e.visitor_id) filter (where v.started = v.first_seen) as new_visitors,
        /*event_sums*/ sum(e.pageviews) as pageviews /*end*/,
        min(e.currency) as currency, max(e.currency) as other_currency, count(e.revenue) as orders
    from events(:site, :lower, :upper) e
    /*include visits_of_events_part*/
    /*joins*/ /*end*/
    where e.name <> 'engagement' and /*event_filter*/ true /*end*/
    group by 1
), entered as (
    select /*entry_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        sum(v.visits_with_pageview) as visits_with_pageview, sum(v.bounces) as bounces,
        sum(v.visit_pageviews) as visit_pageviews, sum(v.visit_duration_us) as visit_duration_us
    from visits(:site, :lower, :upper) v
    where :of_pages and v.entry_page <> '' and /*visit_filter*/ true /*end*/
    group by 1
), left_from as (
    select /*exit_dimensions*/ '[]'::jsonb /*end*/ as dimensions, sum(v.visits) as exits
    from visits(:site, :lower, :upper) v
    where :of_pages and v.exit_page <> '' and /*visit_filter*/ true /*end*/
    group by 1
), timed as (
    select /*event_dimensions*/ '[]'::jsonb /*end*/ as dimensions,
        sum(e.seconds) as page_seconds, count(e.seconds) as timed_views,
        avg(e.scroll_depth)::float8 as scroll_depth
    from (
        /*include ../reports/page_views*/
    ) e
    /*include visits_of_events_part*/
    /*joins*/ /*end*/
    where :of_page_views and /*event_filter*/ true /*end*/
    group by 1
), all_groups as (
    select count(distinct e.visitor_id) as all_visitors
    from events(:site, :lower, :upper) e
    /*include visits_of_events_part*/
    where :of_all_groups and e.name <> 'engagement' and /*event_filter*/ true /*end*/
), everybody as (
    select count(distinct v.visitor_id) as everybody
    from visits(:site, :lower, :upper) v
    where :of_everybody and /*everybody_filter*/ true /*end*/
), everybody_in_group as (
    select /*group_dimensions*/ '[]'::jsonb /*end*/ as without_goal,
        count(distinct e.visitor_id) as group_visitors
    from events(:site, :lower, :upper) e
    /*include visits_of_events_part*/
    where :of_everybody and not :of_visitors and e.name <> 'engagement'
        and /*everybody_event_filter*/ true /*end*/
    group by 1
    union all
    select /*visitor_dimensions*/ '[]'::jsonb /*end*/, count(distinct v.visitor_id)
    from visits(:site, :lower, :upper) v
    where :of_everybody and :of_visitors and /*everybody_filter*/ true /*end*/
    group by 1
)
select dimensions, count(*) over () as total_rows, currency, other_currency,
    /*metrics*/ visits, visitors /*end*/
from happened
left join entered using (dimensions)
left join left_from using (dimensions)
left join timed using (dimensions)
left join everybody_in_group on without_goal = /*without_goal*/ dimensions /*end*/
cross join everybody
cross join all_groups
order by /*order*/ visitors desc, dimensions /*end*/
limit :limit offset :offset
