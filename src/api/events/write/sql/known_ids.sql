-- The ids of these events that are stored already. Same site, same id, times at most 7 days apart.
-- slots: range, observed
select sent.site_id, sent.id
from json_to_recordset(:sent::json) sent (site_id integer, id uuid, time timestamptz)
where exists (
    select from event e
    where e.id = sent.id and e.site_id = sent.site_id
        and e.time between sent.time - interval '7 days' and sent.time + interval '7 days'
        and /*range*/ true /*end*/
) or exists (
    select from bot_event b
    where b.id = sent.id and b.site_id = sent.site_id
        and b.time between sent.time - interval '7 days' and sent.time + interval '7 days'
        and /*range*/ true /*end*/
) or exists (
    select from web_vital w
    where w.id = sent.id and w.site_id = sent.site_id
        and w.time between sent.time - interval '7 days' and sent.time + interval '7 days'
        and /*observed*/ true /*end*/
) or exists (
    select from js_error j
    where j.id = sent.id and j.site_id = sent.site_id
        and j.time between sent.time - interval '7 days' and sent.time + interval '7 days'
        and /*observed*/ true /*end*/
)
