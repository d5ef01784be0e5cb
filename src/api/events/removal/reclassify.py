"""Bots that were not recognised: once an editor names one, its events become a bot's, and it is in
no other number any more."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth.models import User
from api.db.database import Database
from api.errors import NotFound
from api.events.removal.delete import delete_visitors, execute, record
from api.events.write.locks import lock_sites
from api.sites.models import Site
from api.text import PlainText


class BotFound(BaseModel):
    """A visit, as `sessions` lists it, that was a bot's."""

    model_config = ConfigDict(extra="forbid")

    visit_id: UUID
    bot: Annotated[PlainText, Field(min_length=1, max_length=200)] = "unrecognised bot"
    """What it is called in the report `bots`."""


class BotMoved(BaseModel):
    """What was taken out of the numbers. A bot has one visitor; the events become a bot's."""

    events: int
    visits: int
    visitors: int


async def move_bot(database: Database, site: Site, found: BotFound, by: User) -> BotMoved:
    """Makes the events of a visit's visitor a bot's. Reports are right from the COMMIT on. What it
    sends afterwards is judged by its user agent again. Raises NotFound."""
    async with await database.connect() as connection, connection.transaction():
        await lock_sites(connection, [site.number])
        values = {"site": site.number, "visit": found.visit_id, "bot": found.bot}
        rows = await (await execute(connection, "visitor_of_visit", values)).fetchall()
        if not rows:
            raise NotFound("There is no such visit.")
        visitors = [row["visitor_id"] for row in rows]
        await execute(connection, "move_to_bots", {**values, "visitors": visitors})
        moved = await delete_visitors(connection, site, visitors)
        await record(connection, "bot", site, by, moved)
    return BotMoved(**moved)
