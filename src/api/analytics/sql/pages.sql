-- Pages by page views; of the visits that entered on a page, how many left at once. Visitors are only
-- counted for the pages that are listed or may be: sorted by visitors, nobody below the bound can be
-- among the first. What can only be had from the events is read when it is asked for.
with viewed as (
    select page, sum(pageviews)::bigint as pageviews, sum(engaged) as engaged
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and (:pages::text[] is null or page = any(:pages))
    group by page
    having sum(pageviews) > 0
), entered as (
    select entry_page as page, sum(visits) as entries, sum(bounces) as bounces
    from /*entries*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and entry_page <> ''
    group by entry_page
), exited as (
    select exit_page as page, sum(visits) as exits
    from /*exits*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and exit_page <> ''
    group by exit_page
), measured as (
    select page, pageviews, coalesce(entries, 0)::bigint as entries,
        coalesce(exits, 0)::bigint as exits, bounces::float8 / nullif(entries, 0) as bounce_rate,
        coalesce(exits, 0)::float8 / pageviews as exit_rate,
        nullif(engaged, 0)::float8 / pageviews as engaged_seconds
    from viewed
    left join entered using (page)
    left join exited using (page)
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
), leaders as (
    select page as value
    from measured
    left join detailed using (page)
    left join timed using (page)
    order by /*by*/ pageviews desc, page /*end*/
    limit :limit::bigint + :offset::bigint
), leaders_people as materialized (
    /*include page_people of=leaders*/
), finalists as materialized (
    select page as value
    from measured
    where /*final*/ page in (select value from leaders) /*end*/
), people as materialized (
    /*include page_people of=finalists*/
)
select measured.*, coalesce(people.visitors, 0) as visitors, visits, time_on_page
from measured
join finalists on finalists.value = page
left join people on people.value = page
left join detailed using (page)
left join timed using (page)
order by /*order*/ pageviews desc, page /*end*/
limit :limit offset :offset
