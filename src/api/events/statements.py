"""Runs the writer's .sql files."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import AsyncRowFactory, dict_row
from psycopg.types.json import Jsonb

from api.db.sql_files import text_of

SQL = Path(__file__).parent / "sql"

Connection = AsyncConnection[Any]

Answer = AsyncCursor[Any]
"""Of a statement that was sent; it has come when its rows are fetched."""

MOST_IN_PIPELINE = 300
"""Above it, COPY saves more than the round trips cost."""


async def execute(
    connection: Connection,
    name: str,
    values: Mapping[str, Any],
    shape: AsyncRowFactory[Any] = dict_row,
) -> Answer:
    """Runs one of the writer's .sql files. Its rows come as dictionaries, or in another shape."""
    cursor = connection.cursor(row_factory=shape)
    return await cursor.execute(text_of(SQL / f"{name}.sql"), values)


def conversation(connection: Connection, rows: int) -> AbstractAsyncContextManager[object]:
    """How to talk about so many rows: for a few of them it is the round trips that cost, so all
    that does not need an answer is sent in one go."""
    return connection.pipeline() if rows <= MOST_IN_PIPELINE else nullcontext()


async def add(
    connection: Connection,
    what: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Adds typed rows, by COPY in binary form unless that is out of place."""
    if connection.pgconn.pipeline_status:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        await execute(connection, f"insert_{what}", {"rows": as_json(named)})
        return
    async with (
        connection.cursor() as cursor,
        cursor.copy(text_of(SQL / f"copy_{what}.sql")) as target,
    ):
        target.set_types(list(columns.values()))
        for row in rows:
            await target.write_row([Jsonb(v) if isinstance(v, dict) else v for v in row])


def as_json(rows: Sequence[object]) -> str:
    """Rows for jsonb_to_recordset and the like; decimals travel as text and stay exact."""
    return msgspec.json.encode(rows).decode()
