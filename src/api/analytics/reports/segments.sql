-- Two sets of visits side by side, and how many visitors are in both.
-- slots: visit_in_range_filter, a_visit_filter, b_visit_filter, event_filter, a_event_filter,
--     b_event_filter, metrics
with visited as (
    select 'a' as segment, v.*
    from visits(:site, :lower, :upper) v
    where (/*visit_in_range_filter*/ true /*end*/) and (/*a_visit_filter*/ true /*end*/)
    union all
    select 'b', v.*
    from visits(:site, :lower, :upper) v
    where (/*visit_in_range_filter*/ true /*end*/) and (/*b_visit_filter*/ true /*end*/)
), happened as (
    select 'a' as segment, e.pageviews, e.custom_events
    from events(:site, :lower, :upper) e
    where (/*event_filter*/ true /*end*/) and (/*a_event_filter*/ true /*end*/)
    union all
    select 'b', e.pageviews, e.custom_events
    from events(:site, :lower, :upper) e
    where (/*event_filter*/ true /*end*/) and (/*b_event_filter*/ true /*end*/)
), counted as (
    select segment, sum(visits) as visits, sum(visits_with_pageview) as visits_with_pageview,
        sum(bounces) as bounces, sum(visit_duration_us) as visit_duration_us,
        sum(visit_pageviews) as visit_pageviews, count(distinct visitor_id) as visitors,
        count(distinct visitor_id) filter (where started = first_seen) as new_visitors
    from visited
    group by segment
), viewed as (
    select segment, sum(pageviews) as pageviews, sum(custom_events) as custom_events
    from happened
    group by segment
), shared as (
    select count(*) as shared_visitors
    from (
        select visitor_id from visited group by visitor_id having count(distinct segment) = 2
    ) both_of_them
)
select segment, shared_visitors, /*metrics*/ visits /*end*/
from (values ('a'), ('b')) asked (segment)
left join counted using (segment)
left join viewed using (segment)
cross join shared
order by segment
