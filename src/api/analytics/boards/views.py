"""Views: checked when they are saved, and answered as the report that they name."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi import Response

from api.analytics.answers import report_response
from api.analytics.batch import params_of, report_of
from api.analytics.boards.models import Drawing, View
from api.analytics.columns import Column, columns_of
from api.analytics.execute import parse_query
from api.analytics.query import Params, Query
from api.analytics.report import Report
from api.analytics.shared import hidden_from, limited
from api.analytics.turns import CallerTurns
from api.auth.callers import Caller
from api.db.database import Database
from api.errors import Invalid, Problem, invalid
from api.sites.models import Site

LONGEST_VIEW = 20_000
"""Characters of a view in JSON."""

OF_THE_BOARD = ("site", "format", "csv")
"""Parameters of reports that a view does not have."""

DIAGRAMS = ("funnel", "heatmap", "lifecycle", "paths", "retention", "stickiness")
"""The reports that pages of the dashboard draw in a way of their own."""

NUMBERS = ("integer", "number")

NOT_DRAWN = ("list", "object")

MOST_COLUMNS = {
    Drawing.NUMBER: (1, 1),
    Drawing.SERIES: (1, 1),
    Drawing.RANKING: (2, 4),
    Drawing.TABLE: (1, 8),
    Drawing.DIAGRAM: (0, 0),
}
"""The fewest and the most columns that each drawing shows."""


async def check_view(database: Database, site: Site, view: View, pages: Sequence[str]) -> None:
    """Raises Invalid for a view that is on none of these pages, and for what its report does not
    have."""
    if len(view.model_dump_json()) > LONGEST_VIEW:
        raise invalid("view", f"must have at most {LONGEST_VIEW} characters in JSON")
    if view.page not in pages:
        raise invalid("view.page", "is not one of the allowed values", pages)
    with within("view"):
        report_of(view.report)
    with within("view.params"):
        refuse_own_parameters(view)
        report, params = asked(view, site)
        query = await parse_query(database, report, params, site)
    with within("view"):
        refuse_bad_columns(report, query, view)


@contextmanager
def within(place: str) -> Generator[None]:
    """Where something is invalid here, the refusal names it as part of this field."""
    try:
        yield
    except Invalid as error:
        found = error.problems or [Problem("", error.detail)]
        named = ((f"{place}.{one.where}".rstrip("."), one) for one in found)
        problems = [Problem(where, one.problem, one.allowed) for where, one in named]
        raise Invalid(problems=problems) from error


def refuse_own_parameters(view: View) -> None:
    if given := [name for name in OF_THE_BOARD if name in view.params]:
        raise Invalid(problems=[Problem(name, "is not a parameter of a view") for name in given])


def asked(view: View, site: Site) -> tuple[Report[Any], Params]:
    """The report that a view shows, and its parameters. Raises Invalid."""
    report = report_of(view.report)
    params: Params = params_of(report, {**view.params, "site": site.key})
    return report.for_params(params), params


def refuse_bad_columns(report: Report[Any], query: Query[Any], view: View) -> None:
    """Raises Invalid for a drawing that the report does not have, and for columns that are none of
    the answer, or none for the drawing."""
    if view.drawing is Drawing.DIAGRAM and report.name not in DIAGRAMS:
        raise invalid("drawing", f"is of these reports only: {', '.join(DIAGRAMS)}")
    fewest, most = MOST_COLUMNS[view.drawing]
    if not fewest <= len(view.columns) <= most:
        raise invalid("columns", f"must be {fewest} to {most} for this drawing")
    columns = columns_for(report, query, view.drawing)
    numbers = names(column for column in columns if column.type in NUMBERS)
    others = names(column for column in columns if column.type not in NOT_DRAWN)
    labels = {Drawing.TABLE: most, Drawing.RANKING: 1}.get(view.drawing, 0)
    problems = [
        Problem(f"columns.{place}", "is not one of the allowed values", allowed)
        for place, name in enumerate(view.columns)
        if name not in (allowed := others if place < labels else numbers)
    ]
    if problems:
        raise Invalid(problems=problems)


def columns_for(report: Report[Any], query: Query[Any], drawing: Drawing) -> list[Column]:
    """The columns of an answer that a drawing may show: those of totals, of points, or of rows."""
    totals = columns_of(report.totals.row) if report.totals else []
    rows = report.columns(query)
    if drawing is Drawing.NUMBER:
        return totals
    if drawing is Drawing.SERIES:
        return [*rows, *totals] if "time" in names(rows) and query.dimension is None else []
    return rows


def names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]


async def answer_view(
    database: Database, turns: CallerTurns, caller: Caller, site: Site, view: View
) -> Response:
    """The answer of the report of a view, as a GET of it would be answered to this caller."""
    report, params = asked(view, site)
    allowed, hidden = limited(caller, report, params), await hidden_from(database, caller, site)
    return await report_response(database, turns, report, allowed, site, hidden)
