-- Distinct visitors of each of many ranges, of any sites. A range in which nobody came has no row.
-- slots: visitors
select place, counted.visitors
from unnest(:sites::int[], :lowers::timestamptz[], :uppers::timestamptz[])
    with ordinality asked (site, lower, upper, place)
cross join lateral (
    with found as (
        select ''::text as value, v.block, v.visitors, v.visitor_number
        from /*visitors*/ visits /*end*/ (site, lower, upper) v
    )
    /*include count_visitors_part*/
) counted
order by place
