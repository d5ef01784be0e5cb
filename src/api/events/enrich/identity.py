"""Who sent an event: a user whom the site names, or a cookieless hash under a salt that is deleted.

The salt of a day is random, shared by all processes through the database and deleted when the
day after is over, so that a visit can span midnight but nobody can be followed for longer. The
address of a visitor is used in memory only.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from psycopg import AsyncConnection

from api.db.database import Database
from api.events.models import EventIn
from api.sites.models import Site

ONE_DAY = timedelta(days=1)


class Salts:
    """The salts of today and yesterday."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.loaded: Mapping[date, bytes] = {}
        self.loaded_on: date | None = None

    def recall(self, now: datetime) -> Mapping[date, bytes] | None:
        """The salts of this day, if they have been loaded."""
        return self.loaded if self.loaded_on == now.astimezone(UTC).date() else None

    async def current(self, now: datetime) -> Mapping[date, bytes]:
        """The salts that exist on this day: its own, and yesterday's if it is still there."""
        if (loaded := self.recall(now)) is not None:
            return loaded
        today = now.astimezone(UTC).date()
        async with self.database.writer() as connection:
            self.loaded = await load_salts(connection, today)
        self.loaded_on = today
        return self.loaded


async def load_salts(connection: AsyncConnection[Any], today: date) -> dict[date, bytes]:
    """Reads the salts, making today's if this is the first process to need it."""
    await connection.execute(
        "insert into salt (day, value) values (%s, %s) on conflict do nothing",
        [today, secrets.token_bytes(32)],
    )
    cursor = await connection.execute(
        "select day, value from salt where day >= %s", [today - ONE_DAY]
    )
    return dict(await cursor.fetchall())


async def delete_old_salts(connection: AsyncConnection[Any], now: datetime) -> None:
    """Deletes every salt older than yesterday's."""
    yesterday = now.astimezone(UTC).date() - ONE_DAY
    await connection.execute("delete from salt where day < %s", [yesterday])


def import_salt(secret: str, day: date) -> bytes:
    """The salt of a day when importing old logs: always the same, so that a log can be imported
    in parts. Whoever holds SECRET_KEY and the log could repeat the hash; the log says more."""
    return hmac.digest(secret.encode(), b"import " + day.isoformat().encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Sender:
    """What the connection says about who sent an event."""

    ip: str
    user_agent: str
    headers: Mapping[str, str]
    now: datetime
    salt_of: Callable[[date], bytes | None]
    """The salt of a day; None when it is deleted or not made yet."""
    trusted: bool = False
    """May state identities and old times: an editor of the site, or an import."""
    known_as: int | None = None
    """The visitor, where the address is not known any more: a replay."""


def identity(
    event: EventIn, site: Site, sender: Sender, time: datetime, agent_text: str
) -> tuple[int, int | None]:
    """The visitor, and who it was under yesterday's salt. See Visitor in the definitions."""
    if sender.trusted or site.identified:
        if event.user_id is not None:
            return named_identity("user", site, str(event.user_id)), None
        if event.visitor_id is not None:
            return named_identity("visitor", site, str(event.visitor_id)), None
    return cookieless_identity(site, sender, time, agent_text)


def named_identity(kind: Literal["user", "visitor"], site: Site, name: str) -> int:
    """The visitor whom a site knows by this name."""
    return keyed_hash(kind.encode(), message_of((str(site.id), name)))


def cookieless_identity(
    site: Site, sender: Sender, time: datetime, agent_text: str
) -> tuple[int, int | None]:
    """Who this is for a day, by address and user agent, and who it was the day before."""
    if sender.known_as is not None:
        return sender.known_as, None
    message = message_of((str(site.id), sender.ip, agent_text))
    day = time.date() if sender.salt_of(time.date()) else sender.now.date()
    salt, earlier = sender.salt_of(day), sender.salt_of(day - ONE_DAY)
    assert salt is not None
    return keyed_hash(salt, message), keyed_hash(earlier, message) if earlier else None


def message_of(parts: Iterable[str]) -> bytes:
    """The parts, each preceded by its length, so that no two lists have the same message."""
    message = b""
    for part in parts:
        data = part.encode("utf-8", "replace")
        message += len(data).to_bytes(4, "big") + data
    return message


def keyed_hash(salt: bytes, message: bytes) -> int:
    """63 bits of a message under a salt."""
    return int.from_bytes(hmac.digest(salt, message, "sha256")[:8], "big") >> 1
