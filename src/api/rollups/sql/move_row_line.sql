-- Moves the time at which the rows of a rollup begin, never back, and returns it.
update rollup_state set rows_since = line
from (
    select name, bucket_start(width, :since::timestamptz) as line
    from rollup_state
) moved
where rollup_state.name = :name and moved.name = :name and rows_since < line
returning line
