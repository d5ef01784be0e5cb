-- Which of these events are stored already? Same site, same id, times at most 7 days apart.
select sent.site_id, sent.id
from unnest(cast(:sites as int[]), cast(:ids as uuid[]), cast(:times as timestamptz[])) sent (site_id, id, time)
where exists (
    select from event e
    where e.id = sent.id and e.site_id = sent.site_id
      and e.time between sent.time - interval '7 days' and sent.time + interval '7 days'
) or exists (
    select from bot_event b
    where b.id = sent.id and b.site_id = sent.site_id
      and b.time between sent.time - interval '7 days' and sent.time + interval '7 days'
)
