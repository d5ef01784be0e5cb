"""Keeps the numbers of an export that has no events: in tables of their own, apart from all others.

A day of a file has the numbers of the latest import that had it, so that importing a file again,
or a longer one, changes nothing twice. An import can be erased.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.db.database import Database
from api.db.sql_files import execute, text_of
from api.sites.models import Site
from importing.formats.request import Skipped
from importing.products.files import Part, Unreadable, parts_of
from importing.products.plausible import Aggregate, UnknownFile, read_aggregates

SQL = Path(__file__).parent / "sql"

NUMBERS = ("visitors", "visits", "pageviews", "bounces", "visit_seconds", "events")


@dataclass
class Kept:
    """What an import kept, or what it would keep."""

    rows: Counter[str] = field(default_factory=Counter[str])
    """The rows of each kind of file."""
    skipped: Counter[str] = field(default_factory=Counter[str])
    unknown: list[str] = field(default_factory=list[str])
    """Files that are none of the export's."""
    problems: list[str] = field(default_factory=list[str])
    first_day: date | None = None
    last_day: date | None = None

    def note(self, row: Aggregate) -> None:
        """Counts a row."""
        self.rows[row.kind] += 1
        self.first_day = min(self.first_day or row.day, row.day)
        self.last_day = max(self.last_day or row.day, row.day)

    def add(self, other: "Kept") -> None:
        """Adds what was kept of another file."""
        self.rows += other.rows
        self.skipped += other.skipped
        self.unknown += other.unknown
        days = [day for day in (self.first_day, other.first_day) if day]
        self.first_day = min(days, default=None)
        days = [day for day in (self.last_day, other.last_day) if day]
        self.last_day = max(days, default=None)


async def keep_export(
    database: Database, site: Site, names: Iterable[str], kept: Kept
) -> AsyncIterator[int]:
    """Keeps the numbers of an export's files, and yields how many rows of a file were read. Of a
    file that cannot be read to its end nothing is kept: a part of a day would be wrong."""
    for name in names:
        own = Kept()
        try:
            async for number in keep_file(database, site, name, own):
                yield number
        except Unreadable as error:
            kept.problems.append(f"{name} {error}; nothing of it is kept")
        else:
            kept.add(own)


async def keep_file(database: Database, site: Site, name: str, kept: Kept) -> AsyncIterator[int]:
    """Keeps the numbers of a file in one transaction. Raises Unreadable."""
    identity = uuid4()
    async with await database.connect() as connection, connection.transaction():
        await begin(connection, site, identity, name)
        for part in parts_of(name):
            await copy_rows(connection, site, identity, rows_of(part, kept))
            yield kept.rows.total()
        await replace_earlier(connection, site, identity)


def read_export(names: Iterable[str], kept: Kept) -> Iterator[int]:
    """Counts what would be kept, and yields how many rows of a file were read."""
    for name in names:
        own = Kept()
        try:
            for part in parts_of(name):
                for _ in rows_of(part, own):
                    pass
                yield own.rows.total()
        except Unreadable as error:
            kept.problems.append(f"{name} {error}; nothing of it is kept")
        else:
            kept.add(own)


def rows_of(part: Part, kept: Kept) -> Iterator[Aggregate]:
    """The rows of a part of a file. The others are counted by reason. Raises Unreadable."""
    try:
        for row in read_aggregates(part):
            if isinstance(row, Skipped):
                kept.skipped[str(row)] += 1
                continue
            kept.note(row)
            yield row
    except UnknownFile:
        kept.unknown.append(part.name)
    except Unreadable as error:
        raise Unreadable(f"cannot be read: {part.name} {error}") from error


async def begin(connection: AsyncConnection[Any], site: Site, identity: UUID, name: str) -> None:
    """Adds the row of the import. One import of a site waits for another."""
    values = {"site": site.number, "id": identity, "name": Path(name).name[:200]}
    await execute(connection, SQL / "lock_site.sql", {"site": site.number})
    await execute(connection, SQL / "add_import.sql", values)


async def copy_rows(
    connection: AsyncConnection[Any], site: Site, identity: UUID, rows: Iterable[Aggregate]
) -> None:
    copying = text_of(SQL / "copy_imported_days.sql")
    async with connection.cursor() as cursor, cursor.copy(copying) as copy:
        for row in rows:
            numbers = [row.numbers.get(name) for name in NUMBERS]
            values = Jsonb(dict(row.values))
            await copy.write_row([site.number, identity, row.kind, row.day, values, *numbers])


async def replace_earlier(connection: AsyncConnection[Any], site: Site, identity: UUID) -> None:
    """Deletes the rows of earlier imports about the same days, and imports without any rows."""
    values = {"site": site.number, "id": identity}
    await execute(connection, SQL / "delete_replaced_days.sql", values)
    await execute(connection, SQL / "delete_empty_imports.sql", values)
