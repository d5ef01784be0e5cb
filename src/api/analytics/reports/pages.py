"""The pages report: page views, visitors, entries and exits of each page."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel, Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Params, Query, RankedParams
from api.analytics.question import Question, Requirement, Variant
from api.analytics.report import CHOSEN_VISITS, TOTALS, Report
from api.analytics.vocabulary.dimensions import PAGE
from api.analytics.vocabulary.filters import clauses_of
from api.analytics.vocabulary.ranking import chosen_slot, ranking_slots, value_in
from api.analytics.vocabulary.steps import Text
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, VIEWS, VISITS


class ChosenPages(BaseModel):
    """The parameter of a report of some pages only."""

    pages: list[Text] | None = Field(None, max_length=100, description="Only these pages.")


class PageReportParams(ChosenPages, RankedParams):
    """Parameters: which pages to report, and how much of each."""

    detail: bool = Field(
        False,
        description="Also visits, time_on_page_seconds and scroll_depth, which are counted from"
        " events.",
    )


class PageRow(Row):
    """One page."""

    page: str
    """The path."""
    pageviews: int
    visitors: int
    """Distinct visitors who viewed it."""
    visits: int | None
    """Visits in which it was viewed; only with detail=true, or sorted by it."""
    entries: int
    """Visits that began on it."""
    exits: int
    """Visits that ended on it."""
    bounce_rate: Ratio | None
    """Bounces / visits with a page view, of the visits that entered on it."""
    exit_rate: Ratio
    """Exits / page views."""
    engaged_seconds: Seconds | None
    """Reported engaged seconds / page views; null when none were reported."""
    time_on_page_seconds: Seconds | None
    """Mean seconds per page view, reported or until the next view; null like `visits`."""
    scroll_depth: Ratio | None
    """The mean over page views of the largest scroll depth that each reported; null where none did,
    and without detail=true, unless the rows are sorted by it."""


def with_detail(query: Query[PageReportParams]) -> Query[PageReportParams]:
    """The query with `detail` set where it is sorted by a detail, too: both read the events."""
    return replace(query, values={"detail": reads_events(query)})


DETAILS = ("visits", "time_on_page_seconds", "scroll_depth")
"""The columns that only events have."""


def reads_events(query: Query[PageReportParams]) -> bool:
    """Whether a detail is shown or sorted by: only events have them."""
    by_detail = query.order is not None and query.order.measure in DETAILS
    return query.params.detail or by_detail


def needs_visits(query: Query[Params]) -> bool:
    """Whether the filter has a clause on another dimension than the page, the only one that the
    rollups of pages store. Then events and visits have to be read."""
    return any(clause.dimension is not PAGE for clause in clauses_of(query.filter))


MEASURED = ("entries", "exits", "bounce_rate", "exit_rate")
"""Columns that have to be computed for all pages before pages can be sorted by them."""


def chosen_pages(query: Query[PageReportParams]) -> Mapping[str, Fragment]:
    wanted = {} if query.params.pages is None else {"wanted": Fragment("page = any(:pages)")}
    return wanted | chosen_slot(query, "page")


def page_slots(query: Query[PageReportParams]) -> Mapping[str, Fragment]:
    """The slots that say which pages are reported, and which of them visitors, entries and exits
    are counted for."""
    of_all = query.order is not None and query.order.measure in MEASURED
    ranked = "measured" if of_all and not query.is_comparison else "viewed"
    return {
        **chosen_pages(query),
        **ranking_slots("e.page", query, "pageviews"),
        "ranked": Fragment(ranked),
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
        PageRow,
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
    totals=TOTALS,
    key=("page",),
    orders=(
        *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
        *("engaged_seconds", "time_on_page_seconds", "scroll_depth", "page"),
    ),
    prepare=with_detail,
)
