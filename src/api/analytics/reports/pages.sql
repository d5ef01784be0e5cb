-- Pages by page views; of the visits that entered on a page, how many left at once. Everything but
-- page views, visitors most of all, is only counted for the pages that are listed or may be: sorted
-- by visitors, nobody below the bound can be among the first. What can only be had from the events
-- is read when it is asked for.
-- slots: events, event_filter, wanted, entries, visit_in_range_filter, exits, ranked, rank_by,
--     page_visitors, chosen, top, is_candidate, candidates, listed, order
with viewed as (
    select page, sum(pageviews)::bigint as pageviews,
        nullif(sum(engaged_seconds), 0)::float8 / sum(pageviews) as engaged_seconds
    from /*events*/ events /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and /*wanted*/ true /*end*/
    group by page
    having sum(pageviews) > 0
), measured as (
    /*include page_measures_part value_in=all_pages*/
), /*include page_details_part*/,
top as materialized (
    select page as value
    from /*ranked*/ viewed /*end*/
    left join detailed using (page)
    left join timed using (page)
    where /*chosen*/ true /*end*/
    order by /*rank_by*/ pageviews desc, page /*end*/
    limit :limit::bigint + :offset::bigint
), top_visitors as materialized (
    /*include page_visitors value_in=top*/
), candidates as materialized (
    select page as value
    from viewed
    where /*is_candidate*/ false /*end*/ and page <> all (array(select value from top))
), listed as materialized (
    select value from top union all select value from candidates
), counted as (
    select * from top_visitors
    union all
    (
        /*include page_visitors value_in=candidates*/
    )
)
select shown.*, coalesce(counted.visitors, 0) as visitors, visits, time_on_page_seconds,
    scroll_depth, (select count(*) from viewed) as total_rows
from (
    /*include page_measures_part value_in=listed*/
) shown
left join counted on counted.value = page
left join detailed using (page)
left join timed using (page)
order by /*order*/ pageviews desc, page /*end*/
limit :limit offset :offset
