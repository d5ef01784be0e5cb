"""Lists of raw data: rows by time, page by page.

A page is found by the key of the last row before it, so that rows which arrive meanwhile move no
row from one page to another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.analytics.copies import Source
from api.analytics.execute import parse_query, plan_or_suggest
from api.analytics.query import Filtered, Params, Query, RangeParams
from api.analytics.question import single
from api.analytics.raw.cursors import Cursor, PageCursor, Place, read_cursor
from api.analytics.raw.rows import RawEvent, RawVisit
from api.analytics.report import Report
from api.db.database import Database, Rows
from api.sites.models import Site

MOST_ROWS = 10_000
PAGE_ROWS = 1_000
"""The rows of a page unless the caller asks for another number."""


class RawFormat(StrEnum):
    """The format of raw data."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class RawParams(Filtered, RangeParams):
    """The parameters of a list of raw data."""

    limit: int | None = Field(
        None,
        ge=1,
        le=MOST_ROWS,
        description=f"The most rows to return. Default: {PAGE_ROWS} of json; the other formats"
        " return the whole range.",
    )
    after: Cursor | None = Field(None, description="`page.next` of the page before.")
    format: RawFormat = Field(
        RawFormat.JSON,
        description="The other formats return the rows only; ndjson and csv one a line. Without it"
        " the answer has the format that the header `Accept` prefers.",
    )
    csv: Literal["plain", "excel"] = Field(
        "plain", description="excel puts an apostrophe before text that a spreadsheet would run."
    )

    @property
    def is_stream(self) -> bool:
        """Whether all rows of the range are asked for, however many there are."""
        return self.limit is None and self.format is not RawFormat.JSON


class ListQueryParams(Filtered, Params):
    """The part of the parameters that chooses rows."""


@dataclass(frozen=True, slots=True)
class RawList:
    """A list of raw data, as a report, which checks and plans its queries; and the columns that its
    rows are sorted by."""

    name: Literal["events", "visits"]
    report: Report[ListQueryParams]
    key: tuple[str, str, str]

    @property
    def row(self) -> type[BaseModel]:
        """The class of its rows."""
        return self.report.rows.row

    def place_of(self, row: Mapping[str, Any]) -> Place:
        time, visitor, id_ = (row[column] for column in self.key)
        return Place(time, int(visitor), id_)


EVENTS = RawList(
    "events",
    Report(
        "events/raw",
        "Events one by one, in the order in which they happened",
        ListQueryParams,
        single(RawEvent, "raw/events.sql", "event"),
    ),
    ("time", "visitor_id", "id"),
)
VISITS = RawList(
    "visits",
    Report(
        "visits",
        "Visits one by one, in the order in which they started",
        ListQueryParams,
        single(RawVisit, "raw/visits.sql", "visit"),
    ),
    ("started", "visitor_id", "visit_id"),
)


async def read_query(
    database: Database, raw: RawList, params: RawParams, site: Site
) -> Query[ListQueryParams]:
    """The checked query. Raises Invalid."""
    own = {"limit", "after", "format", "csv"}
    given = params.model_dump(by_alias=True, exclude_unset=True, exclude=own)
    return await parse_query(database, raw.report, ListQueryParams.model_validate(given), site)


def start_of(raw: RawList, query: Query[ListQueryParams], params: RawParams) -> Place:
    """Where the rows begin: after the cursor, else with the range. Raises Invalid."""
    if params.after is None:
        return Place(query.lower)
    return read_cursor(params.after, PageCursor, raw.name, query.site.number, "after").place


async def read_page(
    database: Database, raw: RawList, query: Query[ListQueryParams], after: Place, limit: int
) -> Rows:
    """At most `limit` rows after a place. Raises Expired and TooMuchAsked."""
    rest = replace(query, lower=max(query.lower, after.time))
    if rest.lower >= rest.upper:
        return []
    ((_, (planned, *_)),) = plan_or_suggest(raw.report, rest)
    values = {**planned.values, **after.values, "limit": limit}
    return await Source(database).rows(replace(planned, values=values))
