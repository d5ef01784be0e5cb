-- Puts a watermark that lies ahead of the clock back to where it has to be, and returns where.
update rollup_state set watermark = target, rows_since = least(rows_since, target)
from (
    select name, date_bin(width, now() - :lag::interval, timestamptz '2000-01-03 00:00:00+00') as target
    from rollup_state
) back
where rollup_state.name = :name and back.name = :name and watermark > now()
returning target
