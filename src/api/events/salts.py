"""Cookieless visitor ids: a keyed hash under a salt that is forgotten.

The salt of a day is random, shared by all processes through the database and deleted when the
day after is over, so that a visit can span midnight but nobody can be followed for longer. The
address of a visitor is used in memory only.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from api.db.database import Database

ONE_DAY = timedelta(days=1)


class Salts:
    """The salts of today and yesterday."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.known: Mapping[date, bytes] = {}
        self.loaded_on: date | None = None

    def recall(self, now: datetime) -> Mapping[date, bytes] | None:
        """The salts of this day, if they were asked for before."""
        return self.known if self.loaded_on == now.astimezone(UTC).date() else None

    async def current(self, now: datetime) -> Mapping[date, bytes]:
        """The salts that exist on this day: its own, and yesterday's if it is still there."""
        if (known := self.recall(now)) is not None:
            return known
        today = now.astimezone(UTC).date()
        async with self.database.writer() as connection:
            self.known = await load_salts(connection, today)
        self.loaded_on = today
        return self.known


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


async def forget_salts(connection: AsyncConnection[Any], now: datetime) -> None:
    """Deletes every salt older than yesterday's."""
    yesterday = now.astimezone(UTC).date() - ONE_DAY
    await connection.execute("delete from salt where day < %s", [yesterday])


def derived_salt(secret: str, day: date) -> bytes:
    """The salt of a day when importing old logs: always the same, so that a log can be imported
    in parts. Whoever holds SECRET_KEY and the log could redo the hash; the log says more."""
    return hmac.digest(secret.encode(), b"import " + day.isoformat().encode(), hashlib.sha256)


def visitor_hash(salt: bytes, *parts: str) -> int:
    """A 63-bit id. Each part is preceded by its length, so that no two lists collide by shift."""
    return hashed(salt, message_of(parts))


def message_of(parts: Iterable[str]) -> bytes:
    """The parts, each preceded by its length."""
    message = b""
    for part in parts:
        data = part.encode("utf-8", "replace")
        message += len(data).to_bytes(4, "big") + data
    return message


def hashed(salt: bytes, message: bytes) -> int:
    """The 63 bits of a message under a salt."""
    return int.from_bytes(hmac.digest(salt, message, "sha256")[:8], "big") >> 1
