"""What a submitted job can ask for: KINDS, by the name that the caller gives as `report`.

Every report is one. Any other GET with parameters that name a site becomes one by an entry in
KINDS: how it is checked before it is queued, and what gives its response.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Response
from pydantic import BaseModel, ValidationError

from api.analytics.execute import answer, parse_query, plan_or_suggest
from api.analytics.query import Format, P, RangeParams
from api.analytics.report import Answer, Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.routing import csv_answer
from api.db.database import Database
from api.errors import Invalid, Problem, invalid
from api.sites.models import Site
from api.validation import problems_of

R = TypeVar("R", bound=RangeParams)


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """Something that can be asked for. R is the class of its parameters, which name the site."""

    name: str
    params: type[R]
    check: Callable[[Database, R, Site], Awaitable[object]]
    """Raises Invalid or Expired for what can be seen to be wrong without answering."""
    answer: Callable[[Database, R, Site], Awaitable[Response]]
    """The response of GET, whole or as a stream. Raises AnalyticsError, here or while it is
    read."""


def kind_of(report: Report[P]) -> Kind[P]:
    """A report, whose answer is byte for byte that of GET /api/analytics/{report}."""

    async def check(database: Database, params: P, site: Site) -> None:
        plan_or_suggest(report, await parse_query(database, report, params, site))

    async def respond(database: Database, params: P, site: Site) -> Response:
        return response_of(report, params, await answer(database, report, params, site))

    return Kind(report.name, report.params, check, respond)


def response_of(report: Report[P], params: P, found: dict[str, Any]) -> Response:
    """The response of GET with this answer."""
    if params.format is Format.CSV:
        return csv_answer(report, params, found)
    totals: Any = report.totals.row if report.totals else None
    shape: type[BaseModel] = Answer[report.line, totals]
    content = shape.model_validate(found).model_dump_json(by_alias=True, exclude_unset=True)
    return Response(content, media_type="application/json")


KINDS: Mapping[str, Kind[Any]] = {
    kind.name: kind for kind in map(kind_of, (*REPORTS, EVENT_BUCKETS))
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, with valid parameters."""

    kind: Kind[Any]
    params: RangeParams

    async def check(self, database: Database, site: Site) -> None:
        """Raises Invalid, with problems at `params.…`, or Expired for what cannot be answered."""
        try:
            await self.kind.check(database, self.params, site)
        except Invalid as error:
            # Expired and TooMuchAsked are about the question as a whole.
            raise (within_params(error) if error.problems else error) from None

    async def answer(self, database: Database, site: Site) -> Response:
        """The response of GET. Raises AnalyticsError, here or while it is read."""
        return await self.kind.answer(database, self.params, site)


def parse_question(
    report: str, given: Mapping[str, Any], kinds: Mapping[str, Kind[Any]] = KINDS
) -> Question:
    """The question with these parameters. Raises Invalid with all problems; those of parameters are
    at `params.…`."""
    kind = kinds.get(report)
    if kind is None:
        raise invalid("report", "is unknown", kinds)
    try:
        return Question(kind, kind.params.model_validate(given))
    except ValidationError as error:
        problems = problems_of(error.errors(), given, kind.params, "query")
        raise within_params(Invalid(problems=problems)) from None


def within_params(refusal: Invalid) -> Invalid:
    """The refusal of a query with its problems where the body of a job has them."""
    return Invalid(problems=map(moved, refusal.problems))


def moved(found: Problem) -> Problem:
    where = "params" if found.where == "query" else f"params.{found.where}"
    return Problem(where, found.problem, found.allowed)
