"""Events and visits one by one, read in pages: each is asked for again by itself if it fails, so a
long list need not begin anew, and no more than a page is in memory."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from analytics_client.calls import Awaiting, Blocking, Flow
from analytics_client.client import Client, table_of
from analytics_client.frames import Frame, Table, arrow_table, frame_of, rows_of

PAGE_ROWS = 10_000
"""The most rows that the service returns at a time."""

Progress = Callable[[int], None] | bool | None
"""Called with the number of rows read so far, after each page. By default, where tqdm is installed,
a bar appears for a list of several pages; False shows none."""


@dataclass
class Listing:
    """A list of raw data, before it is read."""

    client: Client
    path: str
    given: Mapping[str, Any]
    progress: Progress = None
    bar: Any = field(default=None, init=False, repr=False)
    count: int = field(default=0, init=False)

    def page(self, after: str | None) -> Flow[tuple[Table, str | None]]:
        """The rows after a cursor, and the cursor of the next ones."""
        self.count = self.count if after else 0
        place = {"limit": PAGE_ROWS, "after": after}
        answer = yield from self.client.get(self.path, {**self.given, **place})
        following = answer["page"]["next"]
        self.count += len(answer["rows"])
        self.tell(following is not None)
        return table_of(answer), following

    def tell(self, has_more: bool) -> None:
        """Tells of the progress."""
        if callable(self.progress):
            self.progress(self.count)
        elif self.bar is None and has_more and self.progress is not False and find_spec("tqdm"):
            self.bar = import_module("tqdm.auto").tqdm(unit=" rows", desc=self.path)
        if self.bar is not None:
            self.bar.update(self.count - self.bar.n)
        if self.bar is not None and not has_more:
            self.bar.close()
            self.bar = None

    def united(self, pages: list[Table]) -> Frame:
        """The data frame of all pages."""
        first = pages[0]
        rows = [row for page in pages for row in page.rows]
        whole = Table(first.columns, rows, first.zone, first.about)
        return frame_of(whole, self.client.frames)


class Rows(Listing):
    """Rows of raw data: iterate over them, or take all as a data frame."""

    def pages(self) -> Iterator[Table]:
        client, after = self.client, None
        assert isinstance(client, Blocking)
        while True:
            page, after = client.run(self.page(after))
            yield page
            if after is None:
                return

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for page in self.pages():
            yield from rows_of(page)

    def frame(self) -> Frame:
        """All rows as one data frame."""
        return self.united([*self.pages()])

    def to_parquet(self, file: str | Path) -> None:
        """Writes all rows to a Parquet file, a page at a time. Needs pyarrow."""
        with parquet_file(Path(file)) as write:
            for page in self.pages():
                write(page)


class AsyncRows(Listing):
    """Rows of raw data: iterate over them, or take all as a data frame."""

    async def pages(self) -> AsyncIterator[Table]:
        client, after = self.client, None
        assert isinstance(client, Awaiting)
        while True:
            page, after = await client.run(self.page(after))
            yield page
            if after is None:
                return

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for page in self.pages():
            for row in rows_of(page):
                yield row

    async def frame(self) -> Frame:
        """All rows as one data frame."""
        return self.united([page async for page in self.pages()])

    async def to_parquet(self, file: str | Path) -> None:
        """Writes all rows to a Parquet file, a page at a time. Needs pyarrow."""
        with parquet_file(Path(file)) as write:
            async for page in self.pages():
                write(page)


@contextmanager
def parquet_file(file: Path) -> Iterator[Callable[[Table], None]]:
    """Writes tables of the same columns to a file, which has another name until it is whole."""
    parquet: Any = import_module("pyarrow.parquet")
    draft = file.with_name(f"{file.name}.part")
    writers: list[Any] = []

    def write(table: Table) -> None:
        rows = arrow_table(table)
        if not writers:
            writers.append(parquet.ParquetWriter(draft, rows.schema, compression="zstd"))
        writers[0].write_table(rows)

    try:
        yield write
        writers[0].close()
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
