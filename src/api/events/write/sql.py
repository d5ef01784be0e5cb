"""Runs the .sql files that write events, of this package and others."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import Any, LiteralString

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import AsyncRowFactory, dict_row
from psycopg.types.json import Jsonb

from api.db.sql_files import text_of

Connection = AsyncConnection[Any]

Cursor = AsyncCursor[Any]
"""The cursor of a statement. In a pipeline, the statement runs at the latest when rows are
fetched."""

MAX_ROWS_IN_PIPELINE = 300
"""The most rows that are written in a pipeline. With more, COPY is faster in spite of its round
trips."""


class SqlFolder:
    """The .sql files of a folder, by their names without `.sql`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, LiteralString] = {}

    def text(self, name: str) -> LiteralString:
        """The SQL of a file, in the form that psycopg expects. Cached by name: resolving a path
        takes 7 µs, and a batch runs ten files."""
        if name not in self.texts:
            self.texts[name] = text_of(self.folder / f"{name}.sql")
        return self.texts[name]

    async def execute(
        self,
        connection: Connection,
        name: str,
        values: Mapping[str, Any],
        shape: AsyncRowFactory[Any] = dict_row,
    ) -> Cursor:
        """Runs a file with these values. Its rows are dictionaries, or of the given shape."""
        return await connection.cursor(row_factory=shape).execute(self.text(name), values)


SQL = SqlFolder(Path(__file__).parent / "sql")

execute = SQL.execute


def pipeline_if_small(connection: Connection, rows: int) -> AbstractAsyncContextManager[object]:
    """A pipeline if there are few rows: then round trips cost most, and a pipeline sends statements
    together until a result is needed."""
    return connection.pipeline() if rows <= MAX_ROWS_IN_PIPELINE else nullcontext()


async def insert(
    connection: Connection,
    kind: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Inserts rows of "events" or "bots", with columns of these types: by COPY in binary form, or
    as JSON in a pipeline, where COPY is not possible."""
    if connection.pgconn.pipeline_status:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        await execute(connection, f"insert_{kind}", {"rows": as_json(named)})
        return
    async with connection.cursor() as cursor, cursor.copy(SQL.text(f"copy_{kind}")) as target:
        target.set_types(list(columns.values()))
        for row in rows:
            await target.write_row([Jsonb(v) if isinstance(v, dict) else v for v in row])


def as_json(rows: Sequence[object]) -> str:
    """Rows as JSON, for jsonb_to_recordset and others. Decimals become text, so they stay exact."""
    return msgspec.json.encode(rows).decode()
