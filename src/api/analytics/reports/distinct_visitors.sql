-- Distinct visitors of visits, by a dimension.
-- slots: dimension, visitors, visit_in_range_filter, value_in
with found as (
    select /*dimension*/ ''::text /*end*/ as value, v.block, v.visitors, v.visitor_number
    from /*visitors*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_in_range_filter*/ true /*end*/ and /*value_in*/ true /*end*/
)
/*include count_visitors_part*/
