-- The headline numbers of a range, of the visits that a filter chooses. Page views count at their
-- own time: those of visits that go beyond an edge of the range are counted from their events.
-- Visits longer than long_visit() are few, and have an index.
-- slots: copied_visits, visit_in_range_filter, visit_lookup_filter, metrics
with visited as (
    select count(*) as visits, count(distinct v.visitor_number) as visitors,
        sum(v.visits_with_pageview) as visits_with_pageview, sum(v.bounces) as bounces,
        sum(v.visit_duration_us) as visit_duration_us, sum(v.visit_pageviews) as visit_pageviews
    from /*copied_visits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/
), beyond as (
    select v.visitor_id, v.id, v.started, v.last_event, 0 as pageviews
    from /*copied_visits*/ visits /*end*/ (:site, :lower::timestamptz - long_visit(), :lower) v
    where v.last_event >= :lower and /*visit_lookup_filter*/ true /*end*/
    union all
    select v.visitor_id, v.id, v.started, v.last_event, 0
    from /*copied_visits*/ visits /*end*/ (
        :site, :lower::timestamptz - longest_visit(), :lower::timestamptz - long_visit()
    ) v
    where v.is_long and v.last_event >= :lower and /*visit_lookup_filter*/ true /*end*/
    union all
    select v.visitor_id, v.id, v.started, v.last_event, v.pageviews
    from /*copied_visits*/ visits /*end*/ (:site, :upper::timestamptz - long_visit(), :upper) v
    where v.started >= :lower and v.last_event >= :upper and /*visit_lookup_filter*/ true /*end*/
    union all
    select v.visitor_id, v.id, v.started, v.last_event, v.pageviews
    from /*copied_visits*/ visits /*end*/ (
        :site, :upper::timestamptz - longest_visit(), :upper::timestamptz - long_visit()
    ) v
    where v.is_long and v.started >= :lower and v.last_event >= :upper
        and /*visit_lookup_filter*/ true /*end*/
), corrected as (
    select sum(within_range.pageviews - v.pageviews) as pageviews
    from beyond v
    cross join lateral (
        select coalesce(sum(e.pageviews), 0) as pageviews
        from events(:site, :lower, :upper) e
        where e.visitor_id = v.visitor_id and e.visit_id = v.id
            and e.time between v.started and v.last_event
    ) within_range
)
select /*metrics*/ visits, visitors /*end*/
from (
    select visited.*, coalesce(visit_pageviews, 0) + coalesce(corrected.pageviews, 0) as pageviews
    from visited
    cross join corrected
) totals
