-- The headline numbers per bucket of a series, of the visits that a filter chooses; empty buckets
-- included. Each visit is read once. Events count in the bucket of their own time: most visits lie
-- in one bucket and know how many events they had; only of those that cross an edge the events are
-- read.
-- slots: copied_visits, visit_in_range_filter, visit_lookup_filter, metrics
with chosen as materialized (
    select v.visitor_id, v.id, v.visitor_number, v.started, v.last_event,
        v.visits_with_pageview, v.bounces, v.visit_duration_us, v.pageviews,
        v.events - v.pageviews as custom_events,
        width_bucket(v.started, :starts::timestamptz[]) as n,
        v.started >= :lower and v.last_event < :upper
            and width_bucket(v.started, :starts::timestamptz[])
                = width_bucket(v.last_event, :starts::timestamptz[]) as whole
    from (
        select * from /*copied_visits*/ visits /*end*/ (:site, :lower, :upper) v
        where /*visit_in_range_filter*/ true /*end*/
        union all
        select * from /*copied_visits*/ visits /*end*/ (
            :site, :lower::timestamptz - long_visit(), :lower
        ) v
        where last_event >= :lower and /*visit_lookup_filter*/ true /*end*/
        union all
        -- Few last longer than that.
        select * from /*copied_visits*/ visits /*end*/ (
            :site, :lower::timestamptz - longest_visit(), :lower::timestamptz - long_visit()
        ) v
        where is_long and last_event >= :lower and /*visit_lookup_filter*/ true /*end*/
    ) v
), visited as (
    select n, count(*) as visits, count(distinct visitor_number) as visitors,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(visit_duration_us) as visit_duration_us
    from chosen
    where started >= :lower
    group by n
), happened as (
    select n, sum(pageviews) as pageviews, sum(custom_events) as custom_events
    from (
        select n, pageviews, custom_events from chosen where whole
        union all
        select width_bucket(e.time, :starts::timestamptz[]), e.pageviews, e.custom_events
        from chosen v
        -- offset 0 reads these visits one by one: joined, all events would be read.
        cross join lateral (
            select e.time, e.pageviews, e.custom_events
            from events(:site, :lower, :upper) e
            where e.visitor_id = v.visitor_id and e.visit_id = v.id
                and e.time between v.started and v.last_event
            offset 0
        ) e
        where not v.whole
    ) each
    group by n
)
select time, coalesce(custom_events, 0)::bigint as custom_events,
    /*metrics*/ visits, visitors /*end*/
from unnest(:starts::timestamptz[]) with ordinality bucket (time, n)
left join visited using (n)
left join happened using (n)
order by time
