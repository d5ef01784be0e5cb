-- How many different visitors were found by value. They come as bitmaps, which are united, or one
-- by one; of those count who are in none of the bitmaps.
select value, sum(visitors)::bigint as visitors
from (
    select value, coalesce(bit_count(bit_or(visitors)), 0) + (
        select count(distinct single)
        from unnest(array_agg(visitor_number) filter (where block is null)) single
        where coalesce(get_bit(bit_or(visitors), bitmap_bit(single)), 0) = 0
    ) as visitors
    from found
    group by value, coalesce(block, bitmap_block(visitor_number))
) counted
group by value
