-- Distinct visitors by a dimension. They come as bit strings, which are united and counted, or one
-- by one; those count who are not among the bits.
with found as not materialized (
    select /*dimension*/ ''::text /*end*/ as value, v.block, v.visitors, v.ordinal
    from /*people*/ visits /*end*/ (:site, :lower, :upper) v
    where /*visit_filter*/ true /*end*/ and /*of*/ true /*end*/
), united as (
    select value, block, bit_or(visitors) as visitors
    from found
    where block is not null
    group by 1, 2
), single as (
    select distinct value, ordinal from found where ordinal is not null
)
select value, sum(visitors)::bigint as visitors
from (
    select value, bit_count(visitors) as visitors from united
    union all
    select s.value, count(*)
    from single s
    left join united u on u.value = s.value and u.block = s.ordinal >> 14
    where u.block is null or get_bit(u.visitors, s.ordinal & 16383) = 0
    group by 1
) counted
group by 1
