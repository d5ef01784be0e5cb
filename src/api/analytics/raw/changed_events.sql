-- The events that changes name, as they are now, after a row: by visitor, time and id. Spans of a
-- visitor that overlap are read once.
with spans as (
    select visitor_id, unnest(range_agg(tstzrange(lower, upper, '[]'))) as span
    from raw_change
    where site_id = :site and number > :since and number <= :until and visitor_id >= :after_visitor
    group by visitor_id
)
select /*include event_columns_part*/
from (select visitor_id, lower(span) as lower, upper(span) as upper from spans) s
cross join lateral (
    select * from event e
    where e.visitor_id = s.visitor_id and e.time between s.lower and s.upper
        and e.site_id = :site and e.time >= coalesce(:raw_data_since, '-infinity'::timestamptz)
        and (e.visitor_id, e.time, e.id) > (:after_visitor, :after_time, :after_id)
    order by e.time, e.id
    limit :limit
) e
order by s.visitor_id, s.lower, e.time, e.id
limit :limit
