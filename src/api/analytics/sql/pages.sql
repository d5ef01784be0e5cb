-- Pages by page views; of the visits that entered on a page, how many left at once.
with viewed as (
    select page, sum(pageviews)::bigint as pageviews, sum(engaged) as engaged
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and (:pages::text[] is null or page = any(:pages))
    group by page
    having sum(pageviews) > 0
), people as (
    select page, count(distinct visitor_id) as visitors, count(distinct visit_id) as visits
    from events(:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and name = 'pageview' and (:pages::text[] is null or page = any(:pages))
    group by page
), entered as (
    select entry_page as page, sum(visits) as entries, sum(bounces) as bounces
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and entry_page <> ''
    group by entry_page
), exited as (
    select exit_page as page, sum(visits) as exits
    from visits(:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and exit_page <> ''
    group by exit_page
)
select page, pageviews, coalesce(visitors, 0) as visitors, coalesce(visits, 0) as visits,
    coalesce(entries, 0)::bigint as entries, coalesce(exits, 0)::bigint as exits,
    bounces::float8 / nullif(entries, 0) as bounce_rate,
    coalesce(exits, 0)::float8 / pageviews as exit_rate,
    nullif(engaged, 0)::float8 / pageviews as engaged_seconds
from viewed
left join people using (page)
left join entered using (page)
left join exited using (page)
order by /*order*/ pageviews desc, page /*end*/
limit :limit offset :offset
