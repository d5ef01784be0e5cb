-- Distinct visitors of visits, by a dimension.
with found as materialized (
    select /*dimension*/ ''::text /*end*/ as value, v.block, v.visitors, v.visitor_number
    from /*people*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and /*value_in*/ true /*end*/
)
/*include counted_part*/
