-- Where a watermark moves next, by a stride at most, and whether the target is further away.
select least(stride, target), stride < target
from (
    select date_bin(width, watermark + :stride::interval, origin) as stride,
        date_bin(width, :target::timestamptz, origin) as target
    from rollup_state
    cross join (values (timestamptz '2000-01-03 00:00:00+00')) monday (origin)
    where name = :name and watermark > '-infinity'
) next
