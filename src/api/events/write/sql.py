"""Runs the .sql files that write events: those of this package and of its neighbours."""

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
"""Of a statement that was sent. In a pipeline its rows are there when they are fetched."""

MAX_ROWS_IN_PIPELINE = 300
"""Above it, COPY saves more than the round trips cost."""


class SqlFolder:
    """The .sql files of a folder, by their names without the ending."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, LiteralString] = {}

    def text(self, name: str) -> LiteralString:
        """The text of a file, in the driver's form. Kept by name: to look a path up takes 7 µs,
        and a batch runs ten files."""
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
        """Runs a file with these values. Its rows come as dictionaries, or in another shape."""
        return await connection.cursor(row_factory=shape).execute(self.text(name), values)


SQL = SqlFolder(Path(__file__).parent / "sql")

execute = SQL.execute


def pipeline_if_small(connection: Connection, rows: int) -> AbstractAsyncContextManager[object]:
    """A pipeline for a few rows: then it is the round trips that cost, so statements are sent
    together, up to one whose rows are needed."""
    return connection.pipeline() if rows <= MAX_ROWS_IN_PIPELINE else nullcontext()


async def insert(
    connection: Connection,
    kind: str,
    columns: Mapping[str, str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Inserts "events" or "bots" with columns of these types: by COPY in binary form, or as JSON
    in a pipeline, where COPY is impossible."""
    if connection.pgconn.pipeline_status:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        await execute(connection, f"insert_{kind}", {"rows": as_json(named)})
        return
    async with connection.cursor() as cursor, cursor.copy(SQL.text(f"copy_{kind}")) as target:
        target.set_types(list(columns.values()))
        for row in rows:
            await target.write_row([Jsonb(v) if isinstance(v, dict) else v for v in row])


def as_json(rows: Sequence[object]) -> str:
    """Rows for jsonb_to_recordset and the like; decimals travel as text and stay exact."""
    return msgspec.json.encode(rows).decode()
