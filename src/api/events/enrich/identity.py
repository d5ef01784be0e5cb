"""The visitor of an event: a user id from the site, or a hash under a daily salt without cookies.

The salt of a day is random, shared by all processes through the database, and deleted when the day
after is over, so that a visit can span midnight but nobody can be recognised for longer. The
address of a visitor is only used in memory.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from psycopg import AsyncConnection

from api.db.database import Database
from api.events.models import EventIn
from api.sites.models import Site

ONE_DAY = timedelta(days=1)


class Salts:
    """The salts of today and yesterday, cached."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.loaded: Mapping[date, bytes] = {}
        self.loaded_on: date | None = None

    def recall(self, now: datetime) -> Mapping[date, bytes] | None:
        """The salts, if those of this day have been loaded."""
        return self.loaded if self.loaded_on == now.astimezone(UTC).date() else None

    async def current(self, now: datetime) -> Mapping[date, bytes]:
        """The salts of this day and, unless it was deleted, the day before."""
        if (loaded := self.recall(now)) is not None:
            return loaded
        today = now.astimezone(UTC).date()
        async with self.database.writer() as connection:
            self.loaded = await load_salts(connection, today)
        self.loaded_on = today
        return self.loaded


async def load_salts(connection: AsyncConnection[Any], today: date) -> dict[date, bytes]:
    """Reads the salts, and creates today's unless another process has."""
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
    """The salt of a day for importing logs. It is always the same, so that a log can be imported in
    parts. With SECRET_KEY and the log one could repeat the hash, but the log itself has the
    addresses."""
    return hmac.digest(secret.encode(), b"import " + day.isoformat().encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of an event: what the request says about it, and what it may do."""

    ip: str
    user_agent: str
    headers: Mapping[str, str]
    now: datetime
    salt_of: Callable[[date], bytes | None]
    """The salt of a day; None if it is deleted or not created yet."""
    trusted: bool = False
    """Whether it may name visitors and backdate events: an editor of the site, or an import."""
    stored_visitor_id: int | None = None
    """The visitor of a rejected event that is replayed: its address is not stored."""


class VisitorIds(NamedTuple):
    """The ids of the visitor of an event: that of its day; if it is a hash, also those of the day
    before and after, if their salts exist, for a visit that spans midnight."""

    today: int
    earlier: int | None = None
    later: int | None = None


def identity(
    event: EventIn, site: Site, sender: Sender, time: datetime, agent_text: str
) -> VisitorIds:
    """The ids of the visitor. See Visitor in docs/definitions.md."""
    if sender.trusted or site.identified:
        if event.user_id is not None:
            return VisitorIds(named_identity("user", site, str(event.user_id)))
        if event.visitor_id is not None:
            return VisitorIds(named_identity("visitor", site, str(event.visitor_id)))
    return cookieless_identity(site, sender, time, agent_text)


def named_identity(kind: Literal["user", "visitor"], site: Site, name: str) -> int:
    """The id of a visitor whom the site names."""
    space = site.id if site.visitor_space is None else site.visitor_space
    return keyed_hash(kind.encode(), message_of((str(space), name))) ^ site.visitor_mask


def cookieless_identity(site: Site, sender: Sender, time: datetime, agent_text: str) -> VisitorIds:
    """The visitor's hashes; of a replayed event the stored visitor."""
    if sender.stored_visitor_id is not None:
        return VisitorIds(sender.stored_visitor_id)
    message = message_of((str(site.id), sender.ip, agent_text))
    day = time.date() if sender.salt_of(time.date()) else sender.now.date()
    salt = sender.salt_of(day)
    earlier, later = sender.salt_of(day - ONE_DAY), sender.salt_of(day + ONE_DAY)
    assert salt is not None
    return VisitorIds(
        keyed_hash(salt, message),
        keyed_hash(earlier, message) if earlier else None,
        keyed_hash(later, message) if later else None,
    )


def message_of(parts: Iterable[str]) -> bytes:
    """The parts, each preceded by its length, so that no two lists have the same message."""
    message = b""
    for part in parts:
        data = part.encode("utf-8", "replace")
        message += len(data).to_bytes(4, "big") + data
    return message


def keyed_hash(salt: bytes, message: bytes) -> int:
    """The first 63 bits of the HMAC-SHA256 of a message under a salt."""
    return int.from_bytes(hmac.digest(salt, message, "sha256")[:8], "big") >> 1
