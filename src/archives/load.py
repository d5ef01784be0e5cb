"""Imports an archive as a new site.

Until the end the site has a name of its own that nobody asks for or sends events to; so nobody sees
half of it. Each batch is stored with a note of how far the import is: it may stop anywhere, and
goes on when the archive is imported again. An archive that is imported already is not stored again.
"""

import secrets
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import psycopg
from psycopg.errors import StatementTooComplex
from psycopg.rows import dict_row
from sqlalchemy.ext.asyncio import AsyncSession

from api.administration.sites import refuse_taken, set_columns
from api.analytics.goals.models import GoalIn
from api.analytics.goals.store import goals_of, save_goal
from api.analytics.segments.models import Segment
from api.analytics.segments.store import add_segment, segments_of
from api.auth.models import User
from api.auth.trail import OPERATOR, Action
from api.db.database import Database
from api.db.sql_files import execute, text_of
from api.errors import Conflict
from api.rollups.definitions import ROLLUPS
from api.rollups.history import kept_for_ever, take_over_history
from api.rollups.model import Rollup
from api.sites.directory import Sites
from api.sites.models import Membership, Role, Site, utc_now
from archives.manifest import ArchivedPart, Manifest, site_values
from archives.parts import BY_NAME, SQL, Connection, Table, rollup_part
from archives.reading import Archive, BadArchive
from archives.rows import Target, refuse_unknown_columns

IMPORT_LOCK = 20261152
"""Advisory lock of the one import that runs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the imported site is called, and whose it is."""

    key: str
    domain: str
    owner: User | None = None


@dataclass
class Imported:
    """How far an import is."""

    total: int
    """How many rows the archive has."""
    stored: int = 0
    """How many are stored, now or by an earlier attempt."""
    before: int = 0
    """How many of them were stored by an earlier attempt."""
    site: str = ""
    """The key of the site that the archive is imported as; empty before the end."""
    keeps_ids: bool = True
    """Whether visitors have the ids that they had where the archive was made."""
    missing: Sequence[str] = field(default_factory=list[str])
    """The rollups that do not know the time before the raw data."""


async def import_archive(
    database: Database, archive: Archive, wanted: Wanted
) -> AsyncGenerator[Imported]:
    """Stores an archive as a new site. Yields after each batch, and at the end. Raises BadArchive,
    and Conflict for a name that another site has, or beside another import."""
    done = Imported(sum(archive.manifest.numbers.values()))
    async with await database.connect() as connection:
        await be_alone(connection)
        places = await places_of(connection, archive.manifest)
        begun = await begin(database, connection, archive.manifest, wanted)
        done.keeps_ids = not begun["mask"]
        if begun["is_finished"]:
            done.stored = done.before = done.total
            done.site = begun["key"]
            yield done
            return
        target = Target(
            connection, database.engine, archive.manifest.archive, begun["site_id"], begun["mask"]
        )
        async for rows, is_new in store_parts(archive, target, places, begun):
            done.stored += rows
            done.before += 0 if is_new else rows
            yield done
        done.missing = await finish(database, target, archive.manifest, wanted)
        done.site = wanted.key
        yield done


async def be_alone(connection: Connection) -> None:
    """Raises Conflict while another import runs: it may be that of the same archive."""
    cursor = await connection.execute("select pg_try_advisory_lock(%s)", [IMPORT_LOCK])
    if await cursor.fetchone() != (True,):
        raise Conflict("Another archive is being imported; please wait for its end.")


async def places_of(
    connection: Connection, manifest: Manifest
) -> Sequence[tuple[ArchivedPart, Table | Rollup]]:
    """Where the rows of each part go; without the parts of rollups that are declared differently
    here. Raises BadArchive for parts and columns that this release does not know."""
    histories: dict[str, Rollup] = {}
    for rollup in await kept_for_ever(connection, ROLLUPS):
        archived = manifest.rollups.get(rollup.name)
        if archived and archived.fingerprint == rollup.fingerprint:
            histories[rollup_part(rollup.name)] = rollup
    strange = {rollup_part(name) for name in manifest.rollups} - histories.keys()
    if len(manifest.numbers) < len(manifest.parts):
        raise BadArchive("A part is listed twice.")
    for part in manifest.parts:
        if len({*part.columns}) < len(part.columns):
            raise BadArchive(f"A column of {part.name} is listed twice.")
    places: list[tuple[ArchivedPart, Table | Rollup]] = []
    for part in manifest.parts:
        if part.name in strange:
            continue
        place = BY_NAME.get(part.name) or histories.get(part.name)
        if place is None:
            raise BadArchive(f"{part.name} is no part that this release knows.")
        await refuse_unknown_columns(connection, part, place)
        places.append((part, place))
    return places


async def begin(
    database: Database, connection: Connection, manifest: Manifest, wanted: Wanted
) -> dict[str, Any]:
    """The import of this archive: begun now, or earlier. Raises Conflict for a name that another
    site has."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(text_of(SQL / "begun_import.sql"), {"archive": manifest.archive})
    found = await cursor.fetchone()
    if found and found["is_finished"]:
        return found
    async with database.session() as session:
        await refuse_taken(session, {"key": wanted.key, "domain": wanted.domain})
    if found:
        return found
    values = {
        **site_values(manifest.site),
        "number": manifest.site.number,
        "archive": manifest.archive,
        "draft": f"import-{manifest.archive}",
        "mask": secrets.randbits(63),
    }
    await cursor.execute(text_of(SQL / "begin_import.sql"), values)
    begun = await cursor.fetchone()
    assert begun
    return begun


async def store_parts(
    archive: Archive,
    target: Target,
    places: Sequence[tuple[ArchivedPart, Table | Rollup]],
    begun: dict[str, Any],
) -> AsyncGenerator[tuple[int, bool]]:
    """Stores what is not stored yet. Yields how many rows are, and whether they are so by now."""
    names = [part.name for part, _ in places]
    reached = names.index(begun["part"]) if begun["part"] in names else 0
    for number, (part, place) in enumerate(places):
        known = part.rows if number < reached else begun["rows"] if number == reached else 0
        yield known, False
        if known == part.rows:
            continue
        for rows in archive.batches(part, known):
            await store(target, part, place, rows)
            yield len(rows), True


async def store(
    target: Target, part: ArchivedPart, place: Table | Rollup, rows: Sequence[bytes]
) -> None:
    """Stores a batch of rows. Raises BadArchive for what the database refuses."""
    try:
        if isinstance(place, Rollup):
            await target.store_history(place, part, rows)
        else:
            await target.store_rows(place, part, rows)
    except (psycopg.DataError, psycopg.IntegrityError, StatementTooComplex) as error:
        reason = error.diag.message_primary or type(error).__name__
        raise BadArchive(f"A row of {part.name} cannot be stored: {reason}") from error


async def finish(
    database: Database, target: Target, manifest: Manifest, wanted: Wanted
) -> Sequence[str]:
    """Gives the site its settings and, in the same transaction, its names: from then on it is
    there. Returns the rollups that do not know the time before the raw data."""
    sites = Sites(database)
    site = await sites.by_id(target.site)
    await save_goals(database, site, manifest)
    await save_segments(database, site, manifest)
    missing = await take_over(target.connection, manifest)
    async with database.session() as session:
        await name_site(session, site, manifest, wanted)
        values = {"archive": manifest.archive, "site": target.site}
        raw = await (await session.connection()).get_raw_connection()
        connection = cast(Connection, raw.driver_connection)
        await execute(connection, SQL / "finish_import.sql", values)
    sites.forget()
    return missing


async def save_goals(database: Database, site: Site, manifest: Manifest) -> None:
    """Saves the goals that an earlier attempt has not saved."""
    saved = {goal.name for goal in await goals_of(database, site)}
    for goal in manifest.goals:
        if goal.name not in saved:
            given = goal.model_dump() | {"site": site.key}
            await save_goal(database, site, GoalIn.model_validate(given))


async def save_segments(database: Database, site: Site, manifest: Manifest) -> None:
    """Saves the segments of the site that an earlier attempt has not saved."""
    saved = {segment.name for segment in await segments_of(database, site, None)}
    for segment in manifest.segments:
        if segment.name not in saved:
            new = Segment(site_id=site.number, name=segment.name, filters=segment.filters)
            await add_segment(database, new)


async def take_over(connection: Connection, manifest: Manifest) -> Sequence[str]:
    """Has rollups answer with their imported rows, where raw data has expired."""
    line = manifest.site.raw_data_since
    if line is None:
        return []
    current = await kept_for_ever(connection, ROLLUPS)
    since: dict[str, datetime | None] = {
        rollup.name: archived.complete_since
        for rollup in current
        if (archived := manifest.rollups.get(rollup.name))
        and archived.fingerprint == rollup.fingerprint
    }
    return await take_over_history(connection, ROLLUPS, since, line, utc_now())


async def name_site(session: AsyncSession, site: Site, manifest: Manifest, wanted: Wanted) -> None:
    """Gives the site its names, its visibility and its owner. Raises Conflict."""
    names = {"key": wanted.key, "domain": wanted.domain}
    await refuse_taken(session, names, own=site)
    await set_columns(session, site, {**names, "visibility": manifest.site.visibility})
    if wanted.owner:
        owner = Membership(user_id=wanted.owner.number, site_id=site.number, role=Role.OWNER)
        session.add(owner)
    told = {"key": wanted.key, "archive": str(manifest.archive)}
    await OPERATOR.record(session, Action.SITE_CREATED, site.number, **told)
