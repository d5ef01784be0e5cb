-- What only events tell about pages: in how many visits they were viewed, time on page and scroll
-- depth.
-- slots: copied_events, event_filter
detailed as (
    select page, count(distinct e.visit_id) as visits
    from /*copied_events*/ events /*end*/ (:site, :lower, :upper) e
    where :detail and e.name = 'pageview' and /*event_filter*/ true /*end*/
    group by page
), timed as (
    select page, avg(e.seconds)::float8 as time_on_page_seconds,
        avg(e.scroll_depth)::float8 as scroll_depth
    from (
        /*include page_views*/
    ) e
    where :detail and /*event_filter*/ true /*end*/
    group by page
)
