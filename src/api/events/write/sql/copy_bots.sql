-- Stores many bots' events (see insert_bots.sql).
copy bot_event (time, id, site_id, bot, category, name, page, hostname, user_agent)
from stdin (format binary)
