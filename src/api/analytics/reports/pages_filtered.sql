-- Pages as in pages.sql, of the events and visits that a filter chooses. No rollup helps, so each
-- event is read once, with its visitor, and counted for all pages.
-- slots: event_filter, wanted, visit_filter, chosen, order
with viewed as (
    select e.page, sum(e.pageviews)::bigint as pageviews,
        count(distinct e.visitor_number) filter (where e.name = 'pageview') as visitors,
        nullif(sum(e.engaged_seconds), 0)::float8 / sum(e.pageviews) as engaged_seconds
    from events(:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and e.name in ('pageview', 'engagement')
        and /*wanted*/ true /*end*/
    group by e.page
    having sum(e.pageviews) > 0
), /*include page_details_part*/
select measured.*, visitors, visits, time_on_page_seconds, scroll_depth,
    count(*) over () as total_rows
from (
    /*include page_measures_part*/
) measured
join viewed using (page)
left join detailed using (page)
left join timed using (page)
where /*chosen*/ true /*end*/
order by /*order*/ pageviews desc, page /*end*/
limit :limit offset :offset
