"""GET /api/sql/schema: what can be read by SQL, for people with a login role of the database."""

from fastapi import APIRouter

from api.auth.access import KnownCaller
from api.auth.application import AppDatabase
from api.schema import Record
from api.sql_access.roles import SQL

router = APIRouter(prefix="/api/sql", tags=["sql"])


class SqlColumn(Record):
    """A column of a view."""

    name: str
    """Its name."""
    type: str
    """Its type in PostgreSQL."""
    description: str
    """What it means."""


class SqlView(Record):
    """A view that can be read by SQL."""

    name: str
    """Its name."""
    description: str
    """What it has a row of."""
    columns: list[SqlColumn]
    """Its columns, in order."""


class SqlSchema(Record):
    """What can be read by SQL."""

    name: str
    """The schema that the views are in."""
    views: list[SqlView]
    """The views, by name."""


@router.get("/schema", name="schema")
async def schema(_: KnownCaller, database: AppDatabase) -> SqlSchema:
    """The views that can be read by SQL, with their columns, as the database describes them."""
    rows = await database.rows(SQL / "views.sql", {})
    return SqlSchema(name="analytics", views=[SqlView.model_validate(row) for row in rows])
