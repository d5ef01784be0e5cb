-- Stores a few bots' events. COPY is faster for many, but does not work in a pipeline.
insert into bot_event (time, id, site_id, bot, category, name, page, hostname, user_agent)
select time, id, site_id, bot, category, name, page, hostname, user_agent
from jsonb_populate_recordset(null::bot_event, :rows::jsonb)
