-- The ids of these events that are stored already. Same site, same id, times at most 7 days apart.
select sent.site_id, sent.id
from jsonb_to_recordset(:sent::jsonb) sent (site_id integer, id uuid, time timestamptz)
where exists (
    select from event e
    where e.id = sent.id and e.site_id = sent.site_id
        and e.time between sent.time - interval '7 days' and sent.time + interval '7 days'
) or exists (
    select from bot_event b
    where b.id = sent.id and b.site_id = sent.site_id
        and b.time between sent.time - interval '7 days' and sent.time + interval '7 days'
)
