-- Distinct visitors who viewed a page, by page.
with found as materialized (
    select e.page as value, e.block, e.visitors, e.visitor_number
    from /*viewers*/ views /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and /*value_in*/ true /*end*/
)
/*include counted_part*/
