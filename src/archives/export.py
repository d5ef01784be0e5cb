"""Writes an archive of a site."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4
from zipfile import ZIP_DEFLATED, ZipFile

from psycopg.rows import dict_row

from api.analytics.goals.models import Goal
from api.analytics.goals.store import goals_of
from api.analytics.segments.store import segments_of
from api.db.database import Database
from api.db.sql_files import text_of
from api.rollups.definitions import ROLLUPS
from api.rollups.history import kept_for_ever
from api.rollups.model import Rollup
from api.sites.directory import UnknownSite
from api.sites.models import Site
from api.version import VERSION
from archives.manifest import (
    FORM,
    MANIFEST,
    ArchivedGoal,
    ArchivedPart,
    ArchivedRollup,
    ArchivedSegment,
    Manifest,
)
from archives.parts import (
    SQL,
    TABLES,
    Connection,
    columns_of,
    columns_of_rollup,
    read_history,
    read_table,
    rollup_part,
)
from settings import private_file

LEVEL = 6
"""How hard rows are packed."""

Batches = AsyncIterator[Sequence[str]]


@dataclass
class Exported:
    """How far an export is."""

    parts: list[ArchivedPart] = field(default_factory=list[ArchivedPart])
    """What has been written, and what is being written."""

    @property
    def rows(self) -> int:
        """How many rows have been written."""
        return sum(part.rows for part in self.parts)


async def export_site(database: Database, site: Site, target: Path) -> AsyncGenerator[Exported]:
    """Writes everything of a site, as it is at one moment, into a new file that only its owner may
    read. Yields after each batch of rows. Until the end the file has another name: one that is
    there is whole. Raises FileExistsError, UnknownSite."""
    with new_file(target) as raw, ZipFile(raw, "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        done = Exported()
        async with await database.connect() as connection, connection.transaction():
            await connection.execute(text_of(SQL / "begin_snapshot.sql"))
            manifest = await manifest_of(database, connection, site)
            async for name, columns, batches in parts_of(database, connection, manifest):
                part = ArchivedPart(name=name, columns=[*columns], rows=0)
                done.parts.append(part)
                async for written in write_part(archive, part, batches):
                    part.rows += written
                    yield done
        manifest.parts = done.parts
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))


@contextmanager
def new_file(target: Path) -> Generator[IO[bytes]]:
    """A file that gets its name at the end of the block, if that does not fail."""
    if target.exists():
        raise FileExistsError(f"{target} exists; please give the name of a new file")
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with open(draft, "xb", opener=private_file) as raw:
            yield raw
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)


async def manifest_of(database: Database, connection: Connection, site: Site) -> Manifest:
    """The manifest, still without parts. The snapshot begins here."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(text_of(SQL / "exported_site.sql"), {"site": site.number})
    found = await cursor.fetchone()
    if found is None:
        raise UnknownSite
    exported_at = found.pop("exported_at")
    histories = await kept_for_ever(connection, ROLLUPS) if found["raw_data_since"] else {}
    return Manifest.model_validate(
        {
            "form": FORM,
            "archive": uuid4(),
            "version": VERSION,
            "exported_at": exported_at,
            "site": found,
            "goals": [archived_goal(goal) for goal in await goals_of(database, site)],
            "segments": await shared_segments(database, site),
            "rollups": {
                rollup.name: ArchivedRollup(
                    fingerprint=rollup.fingerprint, complete_since=rollup.complete_since
                )
                for rollup in histories
            },
            "parts": [],
        }
    )


def archived_goal(goal: Goal) -> ArchivedGoal:
    values = {"name": goal.name, "event": goal.event, "page": goal.page, "props": goal.props}
    return ArchivedGoal.model_validate(values)


async def shared_segments(database: Database, site: Site) -> Sequence[ArchivedSegment]:
    return [
        ArchivedSegment(name=segment.name, filters=segment.filters)
        for segment in await segments_of(database, site, None)
        if segment.shared
    ]


async def parts_of(
    database: Database, connection: Connection, manifest: Manifest
) -> AsyncGenerator[tuple[str, Sequence[str], Batches]]:
    """The parts of the archive: names, columns and rows."""
    site = manifest.site.number
    for table in TABLES:
        columns = await columns_of(connection, table)
        yield table.name, columns, read_table(connection, table, columns, site)
    for rollup in named(manifest.rollups):
        rows = read_history(connection, database.engine, rollup, site)
        yield rollup_part(rollup.name), columns_of_rollup(rollup), rows


def named(names: Collection[str]) -> Sequence[Rollup]:
    """The declared rollups of these names."""
    return [rollup for rollup in ROLLUPS if rollup.name in names]


async def write_part(archive: ZipFile, part: ArchivedPart, batches: Batches) -> AsyncGenerator[int]:
    """Writes the rows of a part, one a line. Yields how many, after each batch."""
    with archive.open(part.file, "w", force_zip64=True) as file:
        async for rows in batches:
            file.write("".join(f"{row}\n" for row in rows).encode())
            yield len(rows)
