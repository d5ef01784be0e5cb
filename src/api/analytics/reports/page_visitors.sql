-- Distinct visitors who viewed a page, by page.
-- slots: page_visitors, event_filter, value_in
with found as (
    select e.page as value, e.block, e.visitors, e.visitor_number
    from /*page_visitors*/ views /*end*/ (:site, :lower, :upper) e
    where /*event_filter*/ true /*end*/ and /*value_in*/ true /*end*/
)
/*include count_visitors_part*/
