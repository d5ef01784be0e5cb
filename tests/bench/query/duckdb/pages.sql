-- Pages by page views; of the visits that entered on a page, how many left at once.
select page, pageviews, visitors, coalesce(entries, 0), coalesce(exits, 0),
    bounces / nullif(entries, 0), nullif(engaged, 0)::double / pageviews
from (
    select page, count(*) as pageviews, count(distinct visitor_id) as visitors,
        sum(duration) as engaged
    from event
    where site_id = 1 and time >= '$lower' and time < '$upper' and name = 'pageview'
        and $filter
    group by page
) viewed
left join (
    select entry_page as page, count(*) as entries,
        count(*) filter (pageviews = 1 and interactive_events = 0) as bounces
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
    group by entry_page
) entered using (page)
left join (
    select exit_page as page, count(*) as exits
    from visit
    where site_id = 1 and started >= '$lower' and started < '$upper' and $filter
    group by exit_page
) exited using (page)
order by pageviews desc, page
limit 10
