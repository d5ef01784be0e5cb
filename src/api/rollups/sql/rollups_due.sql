-- The rollups with a watermark to move or with buckets to compute. A day's or week's bucket may
-- come of the age at which late changes are folded into it while nothing else is due; an hour's
-- comes of it when a watermark moves.
select name from rollup_state r
join unnest(:names::text[], :lags::interval[]) asked (name, lag) using (name)
where refreshed_at is null
    or ready_at is null
    or watermark < bucket_start(width, :now::timestamptz - lag)
    or watermark > now()
    or exists (select from rollup_dirty d where d.rollup = r.name and d.due_at <= :now)
    or bucket_start(width, :now - lag - :late_age::interval)
        > bucket_start(width, refreshed_at - lag - :late_age)
    or :everything and (
        exists (select from rollup_dirty d where d.rollup = r.name)
        or source = 'visit' and exists (select from late_visit)
        or source = 'event' and exists (select from late_event)
    )
