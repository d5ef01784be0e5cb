-- Pages as in pages.sql, of the events and visits that a filter chooses. No rollup helps, so each
-- event is read once, with its visitor, and counted for all pages.
-- slots: copied_events, entries, exits, event_filter, wanted, visit_in_range_filter, chosen, order
with viewed as (
    -- By page and visitor first: count(distinct) would sort the events by text.
    select page, sum(pageviews)::bigint as pageviews,
        count(*) filter (where pageviews > 0) as visitors,
        nullif(sum(engaged_seconds), 0)::float8 / sum(pageviews) as engaged_seconds
    from (
        select e.page, e.visitor_number, sum(e.pageviews) as pageviews,
            sum(e.engaged_seconds) as engaged_seconds
        from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
        where /*event_filter*/ true /*end*/ and e.name in ('pageview', 'engagement')
            and /*wanted*/ true /*end*/
        group by e.page, e.visitor_number
    ) e
    group by page
    having sum(pageviews) > 0
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
