-- What is going on at a site right now: visitors and visits with an event in the last 5 minutes,
-- events and page views per minute, top pages, top sources and countries of the last 30, today's
-- totals, the latest events.
select
    active.visitors_now,
    active.visits_now,
    by_minute.minutes,
    by_minute.pageview_minutes,
    (
        select coalesce(json_agg(top), '[]') from (
            select page, count(*) as pageviews, count(distinct visitor_id) as visitors
            from events(:site, :now::timestamptz - interval '30 minutes', :until)
            where name = 'pageview'
            group by page
            order by pageviews desc, page
            limit 10
        ) top
    ) as top_pages,
    origins.top_sources,
    origins.countries,
    (
        select json_build_object(
            'visits', coalesce(sum(visits), 0), 'visitors', count(distinct visitor_id),
            'pageviews', (
                select coalesce(sum(pageviews), 0) from activity(:site, :midnight, :until)
            ),
            'events', (
                select coalesce(sum(pageviews + custom_events), 0)
                from activity(:site, :midnight, :until)
            )
        )
        from visits(:site, :midnight, :until)
    ) as today,
    (
        select coalesce(json_agg(latest), '[]') from (
            select e.id, e.time, e.name, e.page, e.title, v.country, v.device, v.browser, v.source
            from (
                select * from events(:site, :now::timestamptz - interval '30 minutes', :until)
                where name <> 'engagement'
                order by time desc, id
                limit 20
            ) e
            left join visit v on v.visitor_id = e.visitor_id and v.id = e.visit_id
                and visit_reaches(v.started, e.time)
            order by e.time desc, e.id
        ) latest
    ) as latest
from (
    select
        count(distinct visitor_id) as visitors_now,
        count(distinct (visitor_id, visit_id)) as visits_now
    from events(:site, :now::timestamptz - interval '5 minutes', :until)
    where visitor_number >= 0  -- in a visit
) active
cross join (
    select
        json_agg(coalesce(counted.events, 0) order by minute) as minutes,
        json_agg(coalesce(counted.pageviews, 0) order by minute) as pageview_minutes
    from generate_series(
        date_trunc('minute', :now::timestamptz) - interval '29 minutes',
        date_trunc('minute', :now::timestamptz), interval '1 minute'
    ) minute
    left join (
        select date_trunc('minute', time) as minute, count(*) as events,
            count(*) filter (where name = 'pageview') as pageviews
        from events(:site, :now::timestamptz - interval '31 minutes', :until)
        where name <> 'engagement'
        group by 1
    ) counted using (minute)
) by_minute
cross join (
    select
        coalesce(
            json_agg(
                json_build_object('source', value, 'visitors', visitors) order by place
            ) filter (where kind = 'source' and place <= 10), '[]'
        ) as top_sources,
        coalesce(
            json_agg(
                json_build_object('country', value, 'visitors', visitors) order by place
            ) filter (where kind = 'country'), '[]'
        ) as countries
    from (
        select
            kind, value, count(distinct visitor_id) as visitors,
            row_number() over (
                partition by kind order by count(distinct visitor_id) desc, value
            ) as place
        from (
            select seen.visitor_id, v.source, v.country
            from (
                select visitor_id, visit_id, max(time) as time
                from events(:site, :now::timestamptz - interval '30 minutes', :until)
                where visitor_number >= 0  -- in a visit
                group by visitor_id, visit_id
            ) seen
            join visit v on v.visitor_id = seen.visitor_id and v.id = seen.visit_id
                and visit_reaches(v.started, seen.time)
        ) visits
        cross join lateral (values ('source', source), ('country', country)) of (kind, value)
        group by kind, value
    ) ranked
) origins
