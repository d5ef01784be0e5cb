"""What a submitted job can ask for: KINDS, by the name that the caller gives as `report`.

Every report is one, and each list of raw data. Any other GET with parameters that name a site
becomes one by an entry in KINDS: how it is checked before it is queued, and what gives its
response.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Response
from pydantic import ValidationError

from api.analytics.answers import response_of
from api.analytics.execute import answer, parse_query, plan_or_suggest
from api.analytics.query import P, RangeParams
from api.analytics.raw.lists import EVENTS, VISITS, RawList, RawParams, read_query, start_of
from api.analytics.raw.responses import raw_response
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.analytics.turns import SERVICE, CallerTurns, Turns
from api.db.database import Database
from api.db.timeouts import LONG_QUESTION_SECONDS
from api.errors import Invalid, Problem, invalid
from api.sites.directory import Sites
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
        asked = report.for_params(params)
        plan_or_suggest(asked, await parse_query(database, asked, params, site))

    async def respond(database: Database, params: P, site: Site) -> Response:
        asked = report.for_params(params)
        return response_of(asked, params, await answer(database, asked, params, site))

    return Kind(report.name, report.params, check, respond)


def kind_of_list(raw: RawList) -> Kind[RawParams]:
    """A list of raw data, as a page or as a stream."""

    async def check(database: Database, params: RawParams, site: Site) -> None:
        query = await read_query(database, raw, params, site)
        start_of(raw, query, params)
        plan_or_suggest(raw.report, query)

    async def respond(database: Database, params: RawParams, site: Site) -> Response:
        turns = CallerTurns(Turns(1, LONG_QUESTION_SECONDS), SERVICE)
        return await raw_response(raw, params, site, database, Sites(database), turns)

    return Kind(raw.report.name, RawParams, check, respond)


KINDS: Mapping[str, Kind[Any]] = {
    kind.name: kind
    for kind in (
        *map(kind_of, (*REPORTS, EVENT_BUCKETS)),
        *map(kind_of_list, (EVENTS, VISITS)),
    )
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
