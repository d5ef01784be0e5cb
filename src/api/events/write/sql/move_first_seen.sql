-- Sets an earlier first sight of visitors in all of their visits. An INSERT that always meets a
-- conflict, as in grow_visits.sql.
insert into visit (
    visitor_id, started, id, site_id, visitor_number, first_seen, engaged_from, last_event, ended,
    pageviews, events, interactive_events, first_id
)
select
    v.visitor_id, v.started, v.id, v.site_id, v.visitor_number, seen.first_seen, v.engaged_from,
    v.last_event, v.ended, v.pageviews, v.events, v.interactive_events, v.first_id
from unnest(:visitors::bigint[], :first_seens::timestamptz[]) seen (visitor_id, first_seen)
cross join lateral (
    select * from visit
    where visitor_id = seen.visitor_id and first_seen > seen.first_seen
    offset 0  -- looked up visitor by visitor: other plans read every visit there is
) v
on conflict (visitor_id, started, id) do update set first_seen = excluded.first_seen
