-- The latest visits, each with the pages it went through.
with latest as (
    select *
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper'
    order by started desc
    limit 10
)
select path, pageviews, events - pageviews, pageviews = 1 and interactive_events = 0, entry_page,
    exit_page, channel, source, country, browser, os, device, id, started, ended
from latest
left join (
    select visit_id, groupArray(page) as path
    from (
        select visit_id, page
        from event
        where site_id = 1 and name = 'pageview' and visit_id in (select id from latest)
          and time >= (select min(started) from latest)
          and time <= (select max(last_event) from latest)
        order by visit_id, time
    )
    group by visit_id
) paths on visit_id = id
order by started desc
