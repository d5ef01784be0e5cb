-- Stores visits as they are now; new ones and those that grew.
insert into visit
select * from jsonb_populate_recordset(null::visit, cast(:visits as jsonb))
on conflict (visitor_id, started, id) do update set
    first_seen = excluded.first_seen,
    began = excluded.began,
    last_event = excluded.last_event,
    ended = excluded.ended,
    pageviews = excluded.pageviews,
    events = excluded.events,
    interactions = excluded.interactions,
    revenue = excluded.revenue,
    entry_page = excluded.entry_page,
    entry_at = excluded.entry_at,
    entry_id = excluded.entry_id,
    exit_page = excluded.exit_page,
    exit_at = excluded.exit_at,
    exit_id = excluded.exit_id
