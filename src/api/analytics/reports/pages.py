"""The pages report: page views, entries and exits of each page, and what can be sorted by."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel, Field

from api.analytics.query import Params, Query
from api.analytics.question import Question, Requirement, Variant
from api.analytics.report import Report
from api.analytics.vocabulary.ranking import ranking_slots, value_in
from api.analytics.vocabulary.steps import Text
from api.db.queries import Fragment
from api.rollups.definitions import EVENTS, VIEWS, VISITS


class PagesParams(Params):
    """Pages, all or some."""

    pages: list[Text] | None = Field(None, max_length=100, description="Only these pages.")


class PageReportParams(PagesParams):
    """Pages with their numbers."""

    detail: bool = Field(
        False, description="Also visits and time_on_page, which are counted from the events."
    )


class Page(BaseModel):
    """One page."""

    page: str
    pageviews: int
    visitors: int
    visits: int | None
    """In which it was viewed; with detail=true, or sorted by it."""
    entries: int
    exits: int
    bounce_rate: float | None
    """Of the visits that entered here."""
    exit_rate: float
    """Exits / page views."""
    engaged_seconds: float | None
    """Reported engaged seconds per page view; null when none were reported."""
    time_on_page: float | None
    """Mean seconds per page view, by gaps where none were reported; with detail=true."""


def with_pages(query: Query[PageReportParams]) -> Query[PageReportParams]:
    """The pages asked for (None for all), and whether the events have to be read."""
    return replace(query, values={"pages": query.params.pages, "detail": reads_events(query)})


def reads_events(query: Query[PageReportParams]) -> bool:
    """Whether pages are shown or sorted by what only the events tell."""
    by_detail = query.order is not None and query.order.measure in ("visits", "time_on_page")
    return query.params.detail or by_detail


MEASURED = ("entries", "exits", "bounce_rate", "exit_rate")
"""What pages can only be sorted by when it is known of all of them."""


def page_slots(query: Query[PageReportParams]) -> Mapping[str, Fragment]:
    """The pages of which visitors, entries and exits have to be counted."""
    of_all = query.order is not None and query.order.measure in MEASURED
    return {
        **ranking_slots("e.page", query.order, "pageviews"),
        "ranked": Fragment("measured" if of_all else "viewed"),
        "listed": value_in("listed", "e.page"),
    }


REQUIRED = {
    "events": Requirement(EVENTS, ("pageviews", "engaged"), ("page",)),
    "entries": Requirement(VISITS, ("visits", "bounces"), ("entry_page",)),
    "exits": Requirement(VISITS, ("visits",), ("exit_page",)),
    "page_visitors": Requirement(VIEWS, dimensions=("page",), distinct_visitors=True),
}

PAGES = Report(
    "pages",
    "Pages, with entries, exits and bounce rate",
    PageReportParams,
    Question(
        Page,
        (
            Variant("reports/pages.sql", REQUIRED, ("event",), reads_events, page_slots),
            Variant("reports/pages.sql", REQUIRED, slots=page_slots),
        ),
    ),
    orders=(
        *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
        *("engaged_seconds", "time_on_page", "page"),
    ),
    prepare=with_pages,
)
