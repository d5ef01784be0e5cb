-- The visits that a filter chooses, each read once: how many there were per bucket, of whom, and
-- what happened on them, each event in the bucket of its own time. Most visits lie in one bucket
-- and know how many events they had; only of those that cross an edge the events are read.
-- slots: visit_filter
with chosen as materialized (
    select v.visitor_id, v.id, v.visitor_number, v.started, v.last_event,
        v.visits_with_pageview, v.bounces, v.duration_seconds, v.pageviews,
        v.events - v.pageviews as custom_events,
        width_bucket(v.started, :edges::timestamptz[]) as n,
        v.started >= :lower and v.last_event < :upper
            and width_bucket(v.started, :edges::timestamptz[])
                = width_bucket(v.last_event, :edges::timestamptz[]) as whole
    from (
        select * from visits(:site, :lower::timestamptz - long_visit(), :upper)
        union all
        -- Few last longer than that.
        select * from visits(
            :site, :lower::timestamptz - longest_visit(), :lower::timestamptz - long_visit()
        )
        where is_long
    ) v
    where v.last_event >= :lower and /*visit_filter*/ true /*end*/
), visited as (
    select n, count(*) as visits, count(distinct visitor_number) as visitors,
        sum(visits_with_pageview) as visits_with_pageview, sum(bounces) as bounces,
        sum(duration_seconds) as duration_seconds, sum(pageviews) as visit_pageviews
    from chosen
    where started >= :lower
    group by n
), happened as (
    select n, sum(pageviews) as pageviews, sum(custom_events) as custom_events
    from (
        select n, pageviews, custom_events from chosen where whole
        union all
        select width_bucket(e.time, :edges::timestamptz[]), e.pageviews, e.custom_events
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
