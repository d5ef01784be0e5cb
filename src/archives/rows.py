"""Stores rows of an archive, batch by batch, each with a note of how far the import is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from psycopg import sql

from api.db.engine import Engine
from api.db.partitions import ensure_partitions, month_of
from api.db.sql_files import execute
from api.events.enrich.event_time import OLDEST_IMPORT
from api.events.write.locks import lock_sites
from api.rollups.changes import mark_hours
from api.rollups.history import not_refreshed
from api.rollups.model import Rollup
from api.rollups.stored import stored_table
from api.sites.models import utc_now
from archives.manifest import ArchivedPart
from archives.parts import SQL, Connection, Table, columns_of, columns_of_rollup
from archives.reading import BadArchive

SUMMED_UP = frozenset(("event", "visit"))
"""The tables that rollups are made of."""

AHEAD = timedelta(days=1)
"""How far the clock of the installation that wrote an archive may be ahead."""

Time = Annotated[datetime, Meta(tz=True)]


class Timed(Struct):
    """The time of a row, under the name that its table has for it."""

    time: Time | None = None
    started: Time | None = None


decode = msgspec.json.Decoder(Timed).decode


@dataclass
class Target:
    """A site that an archive is being imported to."""

    connection: Connection
    engine: Engine
    archive: UUID
    site: int
    mask: int
    """What the ids of visitors are XORed with."""
    known_months: set[datetime] = field(default_factory=set[datetime])
    """The months for which there are partitions."""

    async def store_rows(self, table: Table, part: ArchivedPart, rows: Sequence[bytes]) -> None:
        """Adds rows to a table, and marks the buckets of rollups that they are in. Raises
        BadArchive for rows that are no JSON, and psycopg.DataError for values that do not fit."""
        times = times_of(table, rows)
        if missing := {month_of(time) for time in times} - self.known_months:
            await ensure_partitions(self.connection, self.engine, missing)
            self.known_months |= missing
        hours = {time.replace(minute=0, second=0, microsecond=0) for time in times}
        masked = {table.visitor} if table.visitor else set[str]()
        statement = insert_sql(sql.Identifier(table.name), part.columns, masked)
        async with self.connection.transaction():
            await lock_sites(self.connection, [self.site])
            await self.insert(statement, part, rows)
            if table.name in SUMMED_UP:
                marked = [(table.name, self.site, hour) for hour in hours]
                await mark_hours(self.connection, marked)

    async def store_history(
        self, rollup: Rollup, part: ArchivedPart, rows: Sequence[bytes]
    ) -> None:
        """Adds stored rows to a rollup. Raises psycopg.DataError for values that do not fit."""
        table = await stored_table(self.connection, self.engine, rollup)
        statement = insert_sql(table, part.columns, ())
        async with not_refreshed(self.connection, rollup), self.connection.transaction():
            await self.insert(statement, part, rows)

    async def insert(
        self, statement: sql.Composed, part: ArchivedPart, rows: Sequence[bytes]
    ) -> None:
        """Adds rows, and notes how many of the part are stored, in the caller's transaction."""
        values = {"site": self.site, "mask": self.mask, "rows": as_list(part, rows)}
        await self.connection.execute(statement, values)
        noted = {"archive": self.archive, "site": self.site, "part": part.name}
        await execute(self.connection, SQL / "note_rows.sql", {**noted, "rows": len(rows)})


async def refuse_unknown_columns(
    connection: Connection, part: ArchivedPart, place: Table | Rollup
) -> None:
    """Raises BadArchive for columns that a table or a rollup does not have."""
    is_rollup = isinstance(place, Rollup)
    known = columns_of_rollup(place) if is_rollup else await columns_of(connection, place)
    if unknown := [column for column in part.columns if column not in known]:
        raise BadArchive(
            f"{part.name} has columns that this release does not know: {', '.join(unknown)}."
            " Import it with the release that wrote it, or with a newer one."
        )


def insert_sql(
    table: sql.Identifier, columns: Sequence[str], masked: Collection[str]
) -> sql.Composed:
    """The statement that inserts rows given as JSON. Numbers are never read as floats, so that they
    stay exact; columns in `masked` are XORed with the mask of the import."""
    names = [sql.Identifier(column) for column in columns]
    values = [
        sql.SQL("{} # %(mask)s::bigint").format(name) if column in masked else name
        for column, name in zip(columns, names, strict=True)
    ]
    return sql.SQL(
        "insert into {table} (site_id, {names}) select %(site)s, {values}"
        " from json_populate_recordset(null::{table}, %(rows)s::json)"
    ).format(table=table, names=sql.SQL(", ").join(names), values=sql.SQL(", ").join(values))


def as_list(part: ArchivedPart, rows: Sequence[bytes]) -> str:
    """The rows as a list of JSON. Raises BadArchive."""
    try:
        return (b"[" + b",".join(rows) + b"]").decode()
    except UnicodeDecodeError as error:
        raise BadArchive(f"A row of {part.name} is not valid.") from error


def times_of(table: Table, rows: Sequence[bytes]) -> Sequence[datetime]:
    """The times of rows in UTC; none of a table without a time. Raises BadArchive, also for times
    in which nothing is stored: each month is a partition."""
    if table.time is None:
        return []
    try:
        times = [getattr(decode(row), table.time) for row in rows]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadArchive(f"A row of {table.name} is not valid.") from error
    if None in times:
        raise BadArchive(f"A row of {table.name} has no time.")
    latest = utc_now() + AHEAD
    if not all(OLDEST_IMPORT <= time <= latest for time in times):
        raise BadArchive(f"A row of {table.name} is from before 1995, or from the future.")
    return [time.astimezone(UTC) for time in times]
