-- Puts a watermark that lies ahead of the clock back to where it has to be, and returns where.
update rollup_state set watermark = target, rows_since = least(rows_since, target)
from (
    select name, bucket_start(width, now() - :lag::interval) as target
    from rollup_state
) back
where rollup_state.name = :name and back.name = :name and watermark > now()
returning target
