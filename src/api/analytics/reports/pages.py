"""The pages report: page views, visitors, entries and exits of each page."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel, Field

from api.analytics.query import Params, Query
from api.analytics.question import Question, Requirement, Variant
from api.analytics.report import CHOSEN_VISITS, Report
from api.analytics.vocabulary.dimensions import PAGE
from api.analytics.vocabulary.filters import clauses_of
from api.analytics.vocabulary.ranking import ranking_slots, value_in
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, VIEWS, VISITS


class PagesParams(Params):
    """Parameters: which pages to report."""

    pages: list[Text] | None = Field(None, max_length=100, description="Only these pages.")


class PageReportParams(PagesParams):
    """Parameters: which pages to report, and how much of each."""

    detail: bool = Field(
        False, description="Also visits and time_on_page, which are counted from the events."
    )


class Page(BaseModel):
    """One page."""

    page: str
    pageviews: int
    visitors: int
    visits: int | None
    """Visits in which it was viewed; only with detail=true, or sorted by it."""
    entries: int
    exits: int
    bounce_rate: float | None
    """Bounces / visits with a page view, of the visits that entered on it."""
    exit_rate: float
    """Exits / page views."""
    engaged_seconds: float | None
    """Reported engaged seconds / page views; null when none were reported."""
    time_on_page: float | None
    """Mean seconds per page view, reported or until the next view; null like `visits`."""


def with_detail(query: Query[PageReportParams]) -> Query[PageReportParams]:
    """The query with `detail` set where it is sorted by a detail, too: both read the events."""
    return replace(query, values={"detail": reads_events(query)})


def reads_events(query: Query[PageReportParams]) -> bool:
    """Whether visits or time on page are shown or sorted by: only events have them."""
    by_detail = query.order is not None and query.order.measure in ("visits", "time_on_page")
    return query.params.detail or by_detail


def needs_visits(query: Query[Params]) -> bool:
    """Whether the filter has a clause on another dimension than the page, the only one that the
    rollups of pages store. Then events and visits have to be read."""
    return any(clause.dimension is not PAGE for clause in clauses_of(query.filter))


MEASURED = ("entries", "exits", "bounce_rate", "exit_rate")
"""Columns that have to be computed for all pages before pages can be sorted by them."""


def chosen_pages(query: Query[PageReportParams]) -> Mapping[str, Fragment]:
    return {} if query.params.pages is None else {"chosen": Fragment("page = any(:pages)")}


def page_slots(query: Query[PageReportParams]) -> Mapping[str, Fragment]:
    """The slots that say which pages are reported, and which of them visitors, entries and exits
    are counted for."""
    of_all = query.order is not None and query.order.measure in MEASURED
    return {
        **chosen_pages(query),
        **ranking_slots("e.page", query.order, "pageviews"),
        "ranked": Fragment("measured" if of_all else "viewed"),
        "listed": value_in("listed", "e.page"),
    }


REQUIRED = {
    "events": Requirement(EVENTS, ("pageviews", "engaged_seconds"), ("page",)),
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
            Variant(
                "reports/pages_filtered.sql",
                base=CHOSEN_VISITS,
                serves=needs_visits,
                slots=chosen_pages,
            ),
            Variant("reports/pages.sql", REQUIRED, ("event",), reads_events, page_slots),
            Variant("reports/pages.sql", REQUIRED, slots=page_slots),
        ),
    ),
    orders=(
        *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
        *("engaged_seconds", "time_on_page", "page"),
    ),
    prepare=with_detail,
)
