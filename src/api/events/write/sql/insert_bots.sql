-- Stores a few bots' events: COPY is faster for many, but has a conversation of its own.
insert into bot_event (time, id, site_id, bot, category, name, page, hostname, user_agent)
select time, id, site_id, bot, category, name, page, hostname, user_agent
from jsonb_populate_recordset(null::bot_event, cast(:rows as jsonb))
