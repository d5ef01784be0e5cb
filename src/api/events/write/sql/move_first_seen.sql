-- Sets an earlier first sight of visitors in all of their visits. An INSERT that always meets a
-- conflict, as in grow_visits.sql.
insert into visit (
    visitor_id, started, id, site_id, ordinal, first_seen, began, last_event, ended,
    pageviews, events, interactions, first_id
)
select
    v.visitor_id, v.started, v.id, v.site_id, v.ordinal, seen.first_seen, v.began, v.last_event,
    v.ended, v.pageviews, v.events, v.interactions, v.first_id
from unnest(cast(:visitors as bigint[]), cast(:first_seens as timestamptz[])) seen (visitor_id, first_seen)
cross join lateral (
    select * from visit
    where visitor_id = seen.visitor_id and first_seen > seen.first_seen
    offset 0  -- looked up visitor by visitor: other plans read every visit there is
) v
on conflict (visitor_id, started, id) do update set first_seen = excluded.first_seen
