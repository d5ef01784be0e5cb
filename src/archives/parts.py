"""What is exported of a site: the tables with its rows, and what is stored of expired raw data.

Rows are exported as they are stored, so that an import need not work anything out again: visits
that late events made one, visitors with their numbers, revenue to the last digit.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from api.db.engine import Engine
from api.db.sql_files import execute
from api.events.removal.expiry import AGING
from api.rollups.model import Rollup
from api.rollups.stored import stored_table

Connection = AsyncConnection[Any]

SQL = Path(__file__).parent / "sql"

ROWS_AT_ONCE = 2_000
"""How many rows are read, and in memory, at a time."""

OWN = frozenset(("site_id", "last_change"))
"""Columns that an import fills: the number of the site; and that of a late change, which means
something beside the logs of one database only."""


@dataclass(frozen=True, slots=True)
class Table:
    """A base table with rows of sites, and the column of its time; None where it has none."""

    name: LiteralString
    time: LiteralString | None = None
    longer: timedelta = timedelta(0)
    """How far behind the line of the site its rows are kept."""
    visitor: LiteralString | None = "visitor_id"
    """The column with the id of a visitor."""


NO_VISITORS = frozenset(("bot_event",))

TABLES = (
    Table("visitor", visitor="id"),
    Table("unopened_visit", "started"),
    *(
        Table(
            aging.table,
            aging.time,
            aging.longer,
            None if aging.table in NO_VISITORS else "visitor_id",
        )
        for aging in AGING
    ),
)
"""Visitors come first: other rows have their numbers."""

BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}


def rollup_part(name: str) -> str:
    """The name of the part with the rows of a rollup."""
    return f"rollup/{name}"


def columns_of_rollup(rollup: Rollup) -> Sequence[str]:
    """The columns of the stored rows of a rollup that are exported."""
    return without_own(rollup.columns.split(", "))


async def columns_of(connection: Connection, table: Table) -> Sequence[str]:
    """The columns of a table that are exported: PostgreSQL computes the others."""
    cursor = await execute(connection, SQL / "columns.sql", {"table": table.name})
    return without_own([name for (name,) in await cursor.fetchall()])


def without_own(columns: Sequence[str]) -> Sequence[str]:
    return [column for column in columns if column not in OWN]


async def read_table(
    connection: Connection, table: Table, columns: Sequence[str], site: int
) -> AsyncIterator[Sequence[str]]:
    """The rows of a site as texts of JSON, some at a time. Expired ones are left out, also where
    they are not removed yet. In a transaction."""
    name = sql.Identifier(table.name)
    kept = sql.SQL("true")
    if table.time:
        kept = sql.SQL(
            "{time} >= coalesce((select raw_data_since - %(longer)s::interval from site"
            " where id = %(site)s), '-infinity')"
        ).format(time=sql.Identifier(table.time))
    values = {"site": site, "longer": table.longer}
    async for rows in read_rows(connection, name, columns, kept, values):
        yield rows


async def read_history(
    connection: Connection, engine: Engine, rollup: Rollup, site: int
) -> AsyncIterator[Sequence[str]]:
    """The stored rows of a rollup from before the raw data of a site, in the same way. Nothing
    changes them any more (see api.rollups)."""
    name = await stored_table(connection, engine, rollup)
    before = sql.SQL("bucket < (select raw_data_since from site where id = %(site)s)")
    columns = columns_of_rollup(rollup)
    async for rows in read_rows(connection, name, columns, before, {"site": site}):
        yield rows


async def read_rows(
    connection: Connection,
    table: sql.Identifier,
    columns: Sequence[str],
    kept: sql.Composable,
    values: Mapping[str, Any],
) -> AsyncIterator[Sequence[str]]:
    """Rows of a site as texts of JSON, by a cursor of the server."""
    question = sql.SQL(
        "select row_to_json(r)::text"
        " from (select {columns} from {table} where site_id = %(site)s and {kept}) r"
    ).format(columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=table, kept=kept)
    async with connection.cursor(name="archive") as cursor:
        await cursor.execute(question, values)
        while rows := await cursor.fetchmany(ROWS_AT_ONCE):
            yield [text for (text,) in rows]
