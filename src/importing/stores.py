"""Where the events of an import go: into the database or, in a dry run, nowhere."""

from collections.abc import Awaitable, Callable, Sequence

from api.db.database import Database
from api.events.models import Event
from api.events.write.writer import Outcome, Result, Writer
from api.sites.directory import Sites, UnknownSite
from api.sites.models import Site

Store = Callable[[Sequence[Event]], Awaitable[Sequence[Result]]]
"""Stores a batch of events, and says what became of each."""


def storing(database: Database) -> Store:
    """Stores events in the database."""
    return Writer(database).write


async def store_nothing(events: Sequence[Event]) -> Sequence[Result]:
    """What a dry run does with events: it takes each for accepted."""
    return [Outcome.ACCEPTED] * len(events)


async def target_site(
    database: Database, key: str, domain: str, timezone: str, dry_run: bool
) -> Site:
    """The site of an import, which is made unless it exists. A dry run makes none: it has one that
    is not stored."""
    domain = domain or key
    if not dry_run:
        return await Sites(database).create(key, domain, timezone=timezone)
    try:
        return await Sites(database).find(key)
    except UnknownSite:
        return Site(id=0, key=key, domain=domain, name=domain, timezone=timezone)
