-- Pages as in pages.sql, of the events and visits that a filter chooses. No rollup helps, so each
-- event is read once, with its visitor, and counted for all pages. Grouped twice, since
-- count(distinct …) would sort the events.
-- slots: event_filter, visit_filter, order
with viewed as (
    select page, sum(pageviews)::bigint as pageviews,
        count(*) filter (where pageviews > 0) as visitors,
        nullif(sum(engaged_seconds), 0)::float8 / sum(pageviews) as engaged_seconds
    from (
        select e.page, e.visitor_number, sum(e.pageviews) as pageviews,
            sum(e.engaged_seconds) as engaged_seconds
        from events(:site, :lower, :upper) e
        where /*event_filter*/ true /*end*/ and e.name in ('pageview', 'engagement')
            and (:pages::text[] is null or e.page = any(:pages))
        group by e.page, e.visitor_number
    ) e
    group by page
    having sum(pageviews) > 0
), detailed as (
    select page, count(distinct e.visit_id) as visits
    from events(:site, :lower, :upper) e
    where :detail and e.name = 'pageview' and /*event_filter*/ true /*end*/
    group by page
), timed as (
    select page, avg(e.seconds)::float8 as time_on_page
    from (
        /*include page_views*/
    ) e
    where :detail and /*event_filter*/ true /*end*/
    group by page
)
select measured.*, visitors, visits, time_on_page
from (
    /*include page_measures_part*/
) measured
join viewed using (page)
left join detailed using (page)
left join timed using (page)
order by /*order*/ pageviews desc, page /*end*/
limit :limit offset :offset
