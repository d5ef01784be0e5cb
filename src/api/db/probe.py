"""A small write, committed to find out whether the database accepts writes."""

import asyncio
from pathlib import Path
from typing import LiteralString, Self

import psycopg

from api.db.database import WRITING, conninfo
from api.db.sql_files import text_of
from api.db.timeouts import PATIENCE, DeadlineConnection, closed_by_server
from api.errors import Unavailable

SQL = Path(__file__).parent / "sql"

ROOM: LiteralString = "create temp table room_probe (taken boolean) on commit delete rows"
TAKE_ROOM: LiteralString = "insert into pg_temp.room_probe values (true)"
"""A small write succeeds on a full disk, because the WAL has space of its own, while events fail,
because their tables must grow. So this one makes a temporary table grow by a block each time; the
COMMIT empties it. The table is created once for each connection."""

MAY_TAKE_ROOM: LiteralString = "select has_database_privilege(current_database(), 'temporary')"
"""Whether this role may create temporary tables; every role may, unless that was revoked."""


class Probe:
    """Makes the write on a connection of its own, so that no report or batch can delay it."""

    def __init__(self, url: str, answer_seconds: float) -> None:
        self.url = url
        self.patience = PATIENCE * answer_seconds
        self.connection: DeadlineConnection | None = None
        self.write_sql: LiteralString = text_of(SQL / "write_probe.sql")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if self.connection:
            await self.connection.close()
        self.connection = None

    async def write(self) -> DeadlineConnection:
        """Commits a write, and returns its connection. Raises Unavailable, with the reason."""
        if self.connection and closed_by_server(self.connection):
            await self.close()
        try:
            connection = self.connection or await self.connect()
            # Without values this is one message, and one transaction.
            await connection.execute(self.write_sql)
        except (psycopg.Error, TimeoutError) as error:
            await self.close()
            raise Unavailable(what_is_wrong(error)) from error
        return connection

    async def connect(self) -> DeadlineConnection:
        async with asyncio.timeout(self.patience):
            connection = await DeadlineConnection.connect(
                conninfo(self.url, WRITING), autocommit=True, connect_timeout=2
            )
        connection.patience = self.patience
        self.connection = connection
        cursor = await connection.execute(MAY_TAKE_ROOM)
        if await cursor.fetchone() == (True,):
            await connection.execute(ROOM)
            self.write_sql = f"{TAKE_ROOM}; {self.write_sql}"
        return connection


def what_is_wrong(error: Exception) -> str:
    """The reason why a write failed, without names and values: anybody may read it."""
    match error:
        case psycopg.errors.DiskFull():
            return "The disk of the database is full."
        case psycopg.errors.ReadOnlySqlTransaction():
            return "The database is read-only."
        case psycopg.errors.UndefinedTable():
            return "The database is not migrated yet."
        case psycopg.Error(sqlstate=str() as code):
            return f"The database cannot commit a write (SQLSTATE {code})."
        case _:
            return "The database does not answer."
