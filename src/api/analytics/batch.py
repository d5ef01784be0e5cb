"""POST /api/analytics/batch: many queries at once, each answered by a line when it is ready."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from itertools import islice
from typing import Annotated, Any, TypeVar, cast

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, WrapValidator
from starlette.types import Receive, Scope, Send

from api.analytics.answers import report_response
from api.analytics.copies import LEAST_QUESTIONS, Copies
from api.analytics.query import Format, P
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.shared import hidden_from, limited
from api.analytics.turns import AppTurns, CallerTurns
from api.auth.access import AnyReader, readable_site
from api.auth.application import database_of
from api.auth.callers import Caller
from api.errors import Fault, Invalid, Problem, invalid, to_analytics_error
from api.refusals import response_to
from api.schema import Record
from api.text import PlainText
from api.validation import fields_of, problems_of, takes_several

log = logging.getLogger("analytics.batch")

router = APIRouter(tags=["analytics"])

MOST_QUERIES = 50
LONGEST_ID = 100

REPORTS_BY_NAME = {report.name: report for report in REPORTS}

Given = Mapping[str, Any]
"""Parameters of a report by name, as JSON has them."""

Answering = Callable[[], Coroutine[Any, Any, bytes]]

M = TypeVar("M", bound=BaseModel)


class BatchQuery(Record):
    """One query: a report, and the parameters that `GET /api/analytics/{report}` takes. A value
    may be text, as in a query string, or JSON: a number, true or false, a list. null is none."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[PlainText, Field(max_length=LONGEST_ID)] | None = None
    """The id of the line that answers it; by default its place in the list, from 0."""
    report: Annotated[str, Field(json_schema_extra={"enum": [*REPORTS_BY_NAME]})]
    """The name of the report."""


def as_given(query: Any, _: object) -> Any:
    return query


Unchecked = Annotated[BatchQuery, WrapValidator(as_given)]
"""A query as it was given. It is checked by itself: one that is not valid must not spoil others."""


class Batch(Record):
    """Many queries."""

    model_config = ConfigDict(extra="forbid")

    common: dict[str, Any] = Field(default_factory=dict)
    """Parameters of all queries. Those of a query itself come first; null there takes one away."""
    queries: list[Unchecked] = Field(min_length=1, max_length=MOST_QUERIES)
    """The queries. No two may have the same id."""


LINE = '{"id": "cards", "status": 200, "body": {"query": …, "rows": […]}}'

LINES = {
    "type": "string",
    "description": "One line of JSON for each query, in the order in which they are ready: its `id`"
    ", and the `status` and the `body` with which a GET would be answered.",
    "examples": [f"{LINE}\n"],
}


class Lines(StreamingResponse):
    """Lines of JSON that are sent one by one. What they come from ends when the client goes."""

    media_type = "application/x-ndjson"

    def __init__(self, lines: AsyncGenerator[bytes]) -> None:
        self.lines = lines
        super().__init__(lines, headers={"Cache-Control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.lines):
            await super().__call__(scope, receive, send)


@router.post(
    "/api/analytics/batch",
    name="batch",
    response_class=Response,
    responses={
        200: {"content": {Lines.media_type: {"schema": LINES}}, "description": "The answers."}
    },
)
async def ask_batch(
    batch: Batch, request: Request, caller: AnyReader, turns: AppTurns
) -> StreamingResponse:
    """Many queries at once. Each is answered by a line as soon as it is ready.

    A query is answered as `GET /api/analytics/{report}` answers it.
    """
    queries = cast(list[Any], batch.queries)
    ids = [id_of(query, place) for place, query in enumerate(queries)]
    refuse_repeated(ids)
    filtered = [query for query in queries if has_filter(query, batch.common)]
    copies = Copies(database_of(request)) if len(filtered) >= LEAST_QUESTIONS else None
    asking = [
        partial(line_of, id_, partial(ask, request, caller, turns, query, batch.common, copies))
        for id_, query in zip(ids, queries, strict=True)
    ]
    return Lines(as_ready(asking, turns.number, copies))


def id_of(query: Any, place: int) -> str:
    """The id of a query; its place in the list if it has none that can be used."""
    given: Any = cast(Given, query).get("id") if isinstance(query, dict) else None
    return given if isinstance(given, str) and len(given) <= LONGEST_ID else str(place)


def has_filter(query: Any, common: Given) -> bool:
    """Whether a query has filters, which are not yet checked."""
    own: Given = cast(Given, query) if isinstance(query, dict) else {}
    return bool(own.get("filters", common.get("filters")))


def refuse_repeated(ids: Sequence[str]) -> None:
    """Raises Invalid for ids that several queries have: their lines could not be told apart."""
    repeated = [place for place, id_ in enumerate(ids) if id_ in ids[:place]]
    if repeated:
        words = "is the id of an earlier query, too"
        raise Invalid(problems=[Problem(f"queries.{place}.id", words) for place in repeated])


async def as_ready(
    asking: Sequence[Answering], at_once: int, copies: Copies | None = None
) -> AsyncGenerator[bytes]:
    """The lines in the order in which they are ready. So many queries at once are computed, or are
    answered but not yet sent: a batch must not keep others from their turns, nor hold all of its
    answers in memory for a client that reads slowly."""
    left = iter(asking)
    running: set[asyncio.Task[bytes]] = set()
    try:
        while True:
            next_ones = islice(left, at_once - len(running))
            running |= {asyncio.create_task(answering()) for answering in next_ones}
            if not running:
                return
            ready, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ready:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        if copies:
            copies.end()


async def line_of(id_: str, answering: Callable[[], Awaitable[Response]]) -> bytes:
    """The line that answers a query, or refuses it as a GET would be."""
    try:
        response = await answering()
    except Exception as error:
        refusal = to_analytics_error(error)
        if isinstance(refusal, Fault):
            log.exception("a query of a batch failed")
        response = response_to(refusal)
    body = bytes(response.body)
    return b'{"id":%b,"status":%d,"body":%b}\n' % (
        json.dumps(id_).encode(),
        response.status_code,
        body,
    )


async def ask(
    request: Request,
    caller: Caller,
    turns: CallerTurns,
    query: Any,
    common: Given,
    copies: Copies | None,
) -> Response:
    """The response to a query of a batch. Raises what a GET of it would be refused with."""
    asked = checked(BatchQuery, query)
    report = report_of(asked.report)
    params = params_of(report, {**common, **(asked.model_extra or {})})
    site = await readable_site(request, caller, params.site)
    database, allowed = database_of(request), limited(caller, report, params)
    hidden = await hidden_from(database, caller, site)
    return await report_response(database, turns, report, allowed, site, hidden, copies)


def report_of(name: str) -> Report[Any]:
    """The report of this name. Raises Invalid."""
    if name not in REPORTS_BY_NAME:
        raise invalid("report", "is not one of the allowed values", REPORTS_BY_NAME)
    return REPORTS_BY_NAME[name]


def params_of(report: Report[P], given: Given) -> P:
    """The parameters of a report. Raises Invalid."""
    declared = fields_of(report.params)
    told = {name: value for name, value in given.items() if value is not None}
    texts = {name: as_in_query(value, declared.get(name)) for name, value in told.items()}
    params = checked(report.params, texts)
    if params.format is not Format.JSON:
        raise invalid("format", "is not possible in a batch", [Format.JSON])
    return params


def as_in_query(value: Any, declared: Any) -> str | list[str]:
    """A value as a query string has it, so that it is checked and understood in the same way."""
    if not takes_several(declared):
        return as_text(value)
    return [as_text(one) for one in cast(list[Any], value if isinstance(value, list) else [value])]


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def checked(model: type[M], given: Any) -> M:
    """The model of what was given. Raises Invalid with all problems, those of names first."""
    try:
        return model.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise Invalid(problems=problems_of(errors, given, model, "query")) from error
