"""Reclassification: an editor names a visit of a bot that was not recognised, and the events of its
visitor move to `bot_event`, out of all other numbers."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from api.auth.models import User
from api.db.database import Database
from api.errors import NotFound
from api.events.removal.delete import delete_visitors, execute, record
from api.events.write.locks import lock_sites
from api.schema import Record
from api.sites.models import Site
from api.text import PlainText


class BotFound(Record):
    """A visit of the report `sessions` that was a bot's."""

    model_config = ConfigDict(extra="forbid")

    visit_id: UUID
    """The `id` of a visit in the report `sessions`."""
    bot: Annotated[PlainText, Field(min_length=1, max_length=200)] = "unrecognised bot"
    """The name of the bot in the report `bots`."""


class BotMoved(Record):
    """How many rows were moved or deleted."""

    events: int
    """How many events were moved."""
    visits: int
    """How many visits were deleted."""
    visitors: int
    """How many visitors were deleted."""
    observations: int
    """How many web vitals and JavaScript errors were deleted."""


async def move_bot(database: Database, site: Site, found: BotFound, by: User) -> BotMoved:
    """Moves the events of a visit's visitor to `bot_event`. Reports are without them from the
    COMMIT on. Later events of the visitor are classified by their user agent again. Raises
    NotFound."""
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
