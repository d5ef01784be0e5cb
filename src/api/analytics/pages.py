"""The pages report: what it can be sorted by, and what that has to read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import LiteralString

from api.analytics import rows
from api.analytics.params import PageReportParams
from api.analytics.query import Query
from api.analytics.ranking import ranking_slots, value_in
from api.analytics.report import Question, Requirement, Variant
from api.db.sql_files import Fragment
from api.rollups.definitions import EVENTS, VIEWS, VISITS

PAGE_ORDERS: tuple[LiteralString, ...] = (
    *("pageviews", "visitors", "visits", "entries", "exits", "bounce_rate", "exit_rate"),
    *("engaged_seconds", "time_on_page", "page"),
)


def with_pages(query: Query) -> Query:
    """The pages asked for (None for all), and whether the events have to be read."""
    assert isinstance(query.params, PageReportParams)
    return replace(query, values={"pages": query.params.pages, "detail": reads_events(query)})


def reads_events(query: Query) -> bool:
    """Whether pages are shown or sorted by what only the events tell."""
    assert isinstance(query.params, PageReportParams)
    by_detail = query.order is not None and query.order.measure in ("visits", "time_on_page")
    return query.params.detail or by_detail


MEASURED = ("entries", "exits", "bounce_rate", "exit_rate")
"""What pages can only be sorted by when it is known of all of them."""


def page_slots(query: Query) -> Mapping[str, Fragment]:
    """The pages of which visitors, entries and exits have to be counted."""
    of_all = query.order is not None and query.order.measure in MEASURED
    return {
        **ranking_slots("e.page", query.order, "pageviews"),
        "ranked": Fragment("measured" if of_all else "viewed"),
        "listed": value_in("listed", "e.page"),
    }


REQUIRED = {
    "events": Requirement(EVENTS, ("pageviews", "engaged_seconds"), ("page",)),
    "entries": Requirement(VISITS, ("visits", "bounces"), ("entry_page",)),
    "exits": Requirement(VISITS, ("visits",), ("exit_page",)),
    "viewers": Requirement(VIEWS, dimensions=("page",), distinct_visitors=True),
}

PAGES = Question(
    rows.Page,
    (
        Variant("pages", REQUIRED, ("event",), reads_events, page_slots),
        Variant("pages", REQUIRED, slots=page_slots),
    ),
)
