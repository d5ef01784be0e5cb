"""The paths report: the ways that visits take through the site."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from pydantic import BaseModel, Field

from api.analytics.query import Params, Query
from api.analytics.question import single
from api.analytics.report import Report
from api.analytics.vocabulary.filters import page_pattern
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment


class PathsParams(Params):
    """Ways through the site."""

    page: Text | None = Field(None, description="Begin (or end) at this page or pattern.")
    direction: Literal["from", "to"] = Field("from", description="Onwards, or backwards.")
    steps: int = Field(5, ge=2, le=7, description="How many pages of each way.")


class PathLink(BaseModel):
    """Visits that went from a page in one step to one in the next, as a Sankey diagram has it."""

    step: int
    page: str | None
    """Null for the pages that are not among the first at this step."""
    next_page: str | None
    """Null for such pages, and where the way ends."""
    ends: bool
    """Whether these visits had no next step."""
    visits: int


def with_pattern(query: Query[PathsParams]) -> Query[PathsParams]:
    """The query with the page that ways begin at; null for where the visit does."""
    page = query.params.page
    return replace(query, values={"pattern": page_pattern(page) if page else None})


def path_slots(query: Query[PathsParams]) -> Mapping[str, Fragment]:
    """Onwards from a page, or backwards from it."""
    backwards = {"direction": Fragment("e.time desc, e.id desc")}
    return backwards if query.params.direction == "to" else {}


PATHS = Report(
    "paths",
    "The ways that visits take from a page or to one",
    PathsParams,
    single(PathLink, "reports/paths.sql", "visit", "event", slots=path_slots),
    prepare=with_pattern,
)
