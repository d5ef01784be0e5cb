-- Copies the events of these visitors as a bot's. An id sent again is still a duplicate.
insert into bot_event (time, id, site_id, bot, category, name, page, hostname)
select time, id, site_id, :bot, 'other', name, page, hostname
from event
where visitor_id = any(:visitors::bigint[])
on conflict do nothing
