"""Runs the .sql files that write events, of this package and others."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, LiteralString

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import AsyncRowFactory, dict_row

from api.db.sql_files import text_of

Connection = AsyncConnection[Any]

Cursor = AsyncCursor[Any]
"""The cursor of a statement. In a pipeline, the statement runs at the latest when rows are
fetched."""


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


def as_json(rows: Collection[object]) -> str:
    """Rows as JSON, for json_to_recordset and others. Decimals become text, so they stay exact."""
    return msgspec.json.encode(rows).decode()
