-- How many different visitors were found by value. They come as bit strings, which are united, or
-- one by one; of those count who are not among the bits.
, united as (
    select value, block, bit_or(visitors) as visitors
    from found
    where block is not null
    group by 1, 2
), single as (
    select distinct value, visitor_number from found where visitor_number is not null
)
select value, sum(visitors)::bigint as visitors
from (
    select value, bit_count(visitors) as visitors from united
    union all
    select s.value, count(*)
    from single s
    left join united u on u.value = s.value and u.block = bitmap_block(s.visitor_number)
    where u.block is null or get_bit(u.visitors, bitmap_bit(s.visitor_number)) = 0
    group by 1
) counted
group by 1
