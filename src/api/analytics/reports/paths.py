"""The paths report: sequences of pages that visits view."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import Field

from api.analytics.columns import Row
from api.analytics.query import Filtered, Params, Query
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.vocabulary.operators import page_pattern
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment


class PathsParams(Filtered, Params):
    """Parameters: where paths begin or end, and how long they are."""

    page: Text | None = Field(None, description="Begin (or end) at this page or pattern.")
    direction: Literal["from", "to"] = Field(
        "from", description="Paths that begin there, or end there."
    )
    steps: int = Field(5, ge=2, le=7, description="How many pages of each path.")
    limit: int = Field(10, ge=1, le=1000, description="The most pages of each step with a name.")


class PathLink(Row):
    """Visits that went from a page to the next at one step: a link of a Sankey diagram."""

    step: int
    """The number of the step, from 1."""
    page: str | None
    """Null for all pages past the `limit` of this step."""
    next_page: str | None
    """Null for pages past the limit, and where the path ends."""
    ends: bool
    """Whether these visits had no next step."""
    visits: int
    """How many went this way."""


def with_pattern(query: Query[PathsParams]) -> Query[PathsParams]:
    """The query with the pattern of the page that paths begin or end at, if any."""
    page = query.params.page
    return replace(query, values={"pattern": page_pattern(page) if page else None})


def path_slots(query: Query[PathsParams]) -> Mapping[str, Fragment]:
    backwards = {"direction": Fragment("e.time desc, e.id desc")}
    return backwards if query.params.direction == "to" else {}


PATHS = Report(
    "paths",
    "The ways that visits take from a page or to one",
    PathsParams,
    single(PathLink, "reports/paths.sql", "visit", "event", slots=path_slots),
    prepare=with_pattern,
)
