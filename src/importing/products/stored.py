"""The imports of numbers without events that a site has: they are listed, and erased."""

from datetime import date
from pathlib import Path
from uuid import UUID

from api.db.database import Database
from api.db.sql_files import execute
from api.errors import NotFound
from api.instants import Instant
from api.schema import Record
from api.sites.models import Site

SQL = Path(__file__).parent / "sql"


class UnknownImport(NotFound):
    """There is no such import of the site."""


class Import(Record):
    """An import of numbers without events."""

    id: UUID
    """Its id."""
    name: str
    """The name of the file."""
    imported_at: Instant
    """When it was imported."""
    first_day: date
    """The first day of which it has numbers that no later import has replaced."""
    last_day: date
    """The last such day."""
    rows: int
    """How many rows of the file are left."""


async def list_imports(database: Database, site: Site) -> list[Import]:
    """The imports of a site of which something is left, the latest first."""
    rows = await database.rows(SQL / "imports.sql", {"site": site.number})
    return [Import.model_validate(row) for row in rows]


async def erase_import(database: Database, site: Site, identity: UUID) -> None:
    """Removes an import with its numbers. Raises UnknownImport."""
    values = {"site": site.number, "id": identity}
    async with await database.connect() as connection:
        done = await execute(connection, SQL / "erase_import.sql", values)
    if not done.rowcount:
        raise UnknownImport(f"There is no import {identity} of this site.")
