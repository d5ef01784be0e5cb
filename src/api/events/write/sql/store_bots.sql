-- Adds events of bots: apart from the others, so that they are in no other number.
insert into bot_event (time, id, site_id, bot, category, name, page, hostname, user_agent)
select time, id, site_id, bot, category, name, page, hostname, user_agent
from json_populate_recordset(null::bot_event, :bots::json)
