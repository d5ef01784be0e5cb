"""What a list of raw data responds: a page as JSON, or rows only."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from fastapi import Response
from pydantic import BaseModel

from api.analytics.columns import Column, columns_of
from api.analytics.csv_rows import Flavour, csv_line
from api.analytics.parquet_rows import PARQUET_TYPE, parquet_chunks
from api.analytics.query import Query
from api.analytics.raw.changes import last_change
from api.analytics.raw.cursors import PageCursor, Place, cursor_text
from api.analytics.raw.lists import (
    PAGE_ROWS,
    ListQueryParams,
    RawFormat,
    RawList,
    RawParams,
    read_page,
    read_query,
    start_of,
)
from api.analytics.raw.progress import ListResponse, Progress
from api.analytics.turns import CallerTurns
from api.db.database import Database, Rows
from api.schema import Record
from api.sites.directory import Sites
from api.sites.models import Site, utc_now

STREAM_ROWS = 1_000
"""How many rows a stream reads at a time; it has no more of them in memory."""

MEDIA_TYPES = {
    RawFormat.NDJSON: "application/x-ndjson",
    RawFormat.CSV: "text/csv",
    RawFormat.PARQUET: PARQUET_TYPE,
}

Line = TypeVar("Line", bound=BaseModel)


class NextPage(Record):
    """Where a list goes on."""

    next: str | None
    """The cursor of the next page, for `after`; null after the last row."""


class RawPage(Record, Generic[Line]):
    """A page of raw data."""

    query: dict[str, Any]
    """The query as it was understood: site, range, time zone, filters and limit."""
    columns: list[Column]
    """The columns of the rows, in order: types, units and meanings."""
    rows: list[Line]
    """The rows."""
    page: NextPage
    """Where the list goes on."""
    changes: str
    """A cursor for `since` of the changes, from before the rows were read. Of a list of several
    pages take that of the first one."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the rows of one request, page by page."""

    raw: RawList
    query: Query[ListQueryParams]
    database: Database
    sites: Sites
    turns: CallerTurns
    progress: Progress

    async def page(self, after: Place, limit: int) -> Rows:
        """The rows after a place, read in a turn of their own. The site is looked up again: its
        line may move while a stream is read. Raises Expired, TooMuchAsked and Unavailable."""
        site = await self.sites.find(self.query.site.key)
        now = replace(self.query, site=site)
        read = partial(read_page, self.database, self.raw, now, after, limit)
        return await self.turns.share(object(), read)

    async def pages(self, first: Rows) -> AsyncGenerator[Rows]:
        """This page, and all that come after it. Between two pages nothing is held: no connection
        and no transaction."""
        page = first
        while page:
            self.progress.reach(*(self.raw.place_of(page[at]).time for at in (0, -1)))
            yield page
            is_last = len(page) < STREAM_ROWS
            page = [] if is_last else await self.page(self.raw.place_of(page[-1]), STREAM_ROWS)


async def raw_response(
    raw: RawList,
    params: RawParams,
    site: Site,
    database: Database,
    sites: Sites,
    turns: CallerTurns,
) -> Response:
    """The rows that the parameters choose, as a page or as a stream."""
    query = await read_query(database, raw, params, site)
    after = start_of(raw, query, params)
    changes = cursor_text(await last_change(database, site))
    progress = Progress(min(query.upper, utc_now()))
    reader = Reader(raw, query, database, sites, turns, progress)
    if params.is_stream:
        first = await reader.page(after, STREAM_ROWS)
        return stream(reader, params, reader.pages(first), changes)
    limit = params.limit or PAGE_ROWS
    found = await reader.page(after, limit + 1)
    rows, following = found[:limit], None
    if len(found) > limit:
        place = raw.place_of(rows[-1])
        following = cursor_text(PageCursor(raw.name, site.number, place))
    if params.format is RawFormat.JSON:
        return json_page(reader, limit, rows, following, changes)
    return stream(reader, params, one(rows), changes, following)


def json_page(
    reader: Reader, limit: int, rows: Rows, following: str | None, changes: str
) -> Response:
    row = reader.raw.row
    page = RawPage[row].model_validate(
        {
            "query": {**reader.query.effective, "limit": limit},
            "columns": columns_of(row),
            "rows": rows,
            "page": NextPage(next=following),
            "changes": changes,
        }
    )
    return Response(page.model_dump_json(), media_type="application/json")


def stream(
    reader: Reader,
    params: RawParams,
    pages: AsyncIterator[Rows],
    changes: str,
    following: str | None = None,
) -> Response:
    """The rows only. If a page fails, the connection is closed without the end of the body,
    so that no client takes what it has for all there is."""
    row, kind = reader.raw.row, params.format
    match kind:
        case RawFormat.CSV:
            parts = csv_lines(row, pages, params.csv)
        case RawFormat.PARQUET:
            parts = parquet_chunks(columns_of(row), pages)
        case _:
            parts = ndjson_lines(row, pages)
    name = f"{reader.query.site.key}-{reader.raw.name}.{kind}"
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Changes-Cursor": changes,
        **({"X-Next-Cursor": following} if following else {}),
    }
    return ListResponse(parts, reader.progress, MEDIA_TYPES[kind], headers)


async def one(page: Rows) -> AsyncGenerator[Rows]:
    yield page


async def csv_lines(
    row: type[BaseModel], pages: AsyncIterator[Rows], flavour: Flavour
) -> AsyncGenerator[str]:
    """The rows as CSV with a header, a page at a time."""
    names = [column.name for column in columns_of(row)]
    yield csv_line(names, "plain")
    async for page in pages:
        yield "".join(csv_line([line[name] for name in names], flavour) for line in page)


async def ndjson_lines(row: type[BaseModel], pages: AsyncIterator[Rows]) -> AsyncGenerator[str]:
    """The rows as JSON, one a line, a page at a time."""
    async for page in pages:
        yield "".join(f"{row.model_validate(line).model_dump_json()}\n" for line in page)
