"""Rows as Parquet: the columns and lines of CSV, with types. Objects are texts of JSON.

pyarrow is loaded when it is needed first: it takes 50 MB.
"""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any
from uuid import UUID

from api.analytics.columns import Column, Type
from api.analytics.csv_rows import Line, flat, spread

PARQUET_TYPE = "application/vnd.apache.parquet"

GROUP_ROWS = 20_000
"""How many rows a row group has at least, unless it is the last."""

PACKED = "zstd"


def parquet_bytes(
    columns: Sequence[Column], rows: Iterable[Mapping[str, Any]], index: str
) -> bytes:
    """The rows as a file. Columns come in the order of CSV (see csv_text)."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    lines = [line for row in rows for line in spread(flat(row), index)]
    types = {column.name: column.type for column in columns}
    names = dict.fromkeys([*types, *(name for line in lines for name in line)])
    found = {name: [plain(line.get(name)) for line in lines] for name in names}
    arrays = [array(arrow, values, types.get(name)) for name, values in found.items()]
    sink = io.BytesIO()
    parquet.write_table(arrow.table(arrays, names=[*names]), sink, compression=PACKED)
    return sink.getvalue()


async def parquet_chunks(
    columns: Sequence[Column], pages: AsyncIterator[Sequence[Line]]
) -> AsyncGenerator[bytes]:
    """A file in parts, as pages of rows come. A row group is in memory at most. Without its end,
    where the columns are told, it is no Parquet: nobody takes a part of it for the whole."""
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    schema = schema_of(arrow, columns)
    sink = Sink()
    writer = parquet.ParquetWriter(sink, schema, compression=PACKED)
    batches: list[Any] = []
    async for page in pages:
        batches.append(batch(arrow, schema, page))
        if sum(one.num_rows for one in batches) >= GROUP_ROWS:
            await asyncio.to_thread(writer.write_table, arrow.Table.from_batches(batches, schema))
            batches = []
            yield sink.taken()
    if batches:
        await asyncio.to_thread(writer.write_table, arrow.Table.from_batches(batches, schema))
    writer.close()
    yield sink.taken()


class Sink(io.RawIOBase):
    """A file that is taken away part by part."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        """Keeps bytes until they are taken."""
        self.parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self.parts)
        self.parts.clear()
        return found


def schema_of(arrow: Any, columns: Sequence[Column]) -> Any:
    return arrow.schema([(column.name, arrow_type(arrow, column.type)) for column in columns])


def batch(arrow: Any, schema: Any, page: Sequence[Line]) -> Any:
    return arrow.record_batch(
        [
            arrow.array([plain(line[field.name]) for line in page], type=field.type)
            for field in schema
        ],
        schema=schema,
    )


def array(arrow: Any, values: list[Any], kind: Type | None) -> Any:
    """A column of a table. Of a list and of a value within an object the type is not told: it is
    that of its values, and a number where there is none."""
    if kind in (None, "list", "object"):
        is_empty = all(value is None for value in values)
        return arrow.array(values, type=arrow.float64() if is_empty else None)
    return arrow.array(values, type=arrow_type(arrow, kind))


def arrow_type(arrow: Any, kind: Type | None) -> Any:
    makers: dict[Type | None, Callable[[], Any]] = {
        "integer": arrow.int64,
        "number": arrow.float64,
        "boolean": arrow.bool_,
        "time": lambda: arrow.timestamp("us", "UTC"),
        "date": arrow.date32,
    }
    return makers.get(kind, arrow.string)()


def plain(value: Any) -> Any:
    """The value as Arrow takes it."""
    match value:
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
        case _:
            return value
