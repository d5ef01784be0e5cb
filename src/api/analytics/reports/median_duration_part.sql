-- The median duration of all visits, without sorting them all: a slice from the middle of the range
-- tells between which durations it will be. Of the others it is enough to count how many are
-- shorter. Should it not lie there, all are sorted.
with slice as materialized (
    select percentile_disc(array[0.45, 0.55]) within group (order by ended - started) as bounds
    from visits(
        :site, :lower::timestamptz + (:upper::timestamptz - :lower::timestamptz) / 2,
        :lower::timestamptz + (:upper::timestamptz - :lower::timestamptz) * 17 / 32
    )
), near as (
    select count(*) as visits,
        count(*) filter (where ended - started < (select bounds[1] from slice)) as shorter,
        array_agg(duration_seconds::float8) filter (
            where ended - started between (select bounds[1] from slice)
                and (select bounds[2] from slice)
        ) as seconds
    from visits(:site, :lower, :upper)
)
select case
    when shorter <= (visits - 1) / 2 and shorter + cardinality(seconds) > visits / 2 then (
        select percentile_cont(0.5) within group (order by middle)
        from (
            select middle
            from unnest(seconds) middle
            order by middle
            offset (visits - 1) / 2 - shorter limit 2 - visits % 2
        ) middle
    )
    else (
        select percentile_cont(0.5) within group (order by duration_seconds::float8)
        from visits(:site, :lower, :upper)
    ) end as median_duration
from near
