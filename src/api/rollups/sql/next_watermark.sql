-- Where a watermark moves next, by a stride at most, and whether the target is further away.
select least(stride, target), stride < target
from (
    select bucket_start(width, watermark + :stride::interval) as stride,
        bucket_start(width, :target::timestamptz) as target
    from rollup_state
    where name = :name and watermark > '-infinity'
) next
