-- Deletes the oldest rejected events of these sites where they are too many or too large.
delete from rejected_event r
using (
    select id, row_number() over newest_first as number, sum(bytes) over newest_first as bytes
    from rejected_event
    where site_id = any(:sites::int[])
    window newest_first as (partition by site_id order by id desc)
) ranked
where r.id = ranked.id and (ranked.number > :rows or ranked.bytes > :bytes)
