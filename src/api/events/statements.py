"""Runs the writer's .sql files."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import DictRow, dict_row

from api.db.queries import statement

SQL = Path(__file__).parent / "sql"

Connection = AsyncConnection[Any]


async def execute(
    connection: Connection, name: str, values: Mapping[str, Any]
) -> AsyncCursor[DictRow]:
    """Runs one of the writer's .sql files."""
    cursor = connection.cursor(row_factory=dict_row)
    return await cursor.execute(statement(SQL / f"{name}.sql").text, values)


async def copy(
    connection: Connection,
    name: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Runs a COPY statement with typed rows."""
    text = statement(SQL / f"{name}.sql").text
    async with connection.cursor() as cursor, cursor.copy(text) as target:
        target.set_types(list(columns.values()))
        for row in rows:
            await target.write_row(row)


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows for jsonb_populate_recordset; decimals travel as text and stay exact."""
    return msgspec.json.encode(rows).decode()
