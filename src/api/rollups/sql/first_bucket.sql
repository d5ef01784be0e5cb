-- The bucket at which the watermark of a new rollup begins: where its base table does, or where its
-- rows begin to be kept. No row where the table has none before a time, or the watermark has begun.
select greatest(
    bucket_start(
        (select width from rollup_state where name = :name),
        min(/*time*/ started /*end*/)
    ),
    (select rows_since from rollup_state where name = :name)
)
from /*table*/ visit /*end*/
where /*time*/ started /*end*/ < :before
having min(/*time*/ started /*end*/) is not null
    and exists (select from rollup_state where name = :name and watermark = '-infinity')
