"""Every way a request can fail, and the one shape of its refusal.

AnalyticsError            400
├── Invalid               422  input that is not valid; lists what is allowed
│   ├── TooMuchAsked      422  a query that takes too long; suggests what to ask instead
│   └── Expired           422  a query for expired raw data; suggests what to ask instead
├── Unauthenticated       401
├── Forbidden             403
├── NotFound              404
├── Conflict              409
├── TooLarge              413
├── UnsupportedMedia      415
├── TooManyRequests       429  says when to try again
├── Fault                 500  a mistake of ours; the log has the details
└── Unavailable           503  the database is unavailable or slow; says when to try again
"""

import math
import random
from collections.abc import Sequence
from typing import Any, ClassVar

import psycopg
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout
from psycopg_pool import TooManyRequests as PoolIsFull
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError as EngineOperationalError
from sqlalchemy.exc import TimeoutError as EngineTimeout
from starlette.exceptions import HTTPException

RETRY_AFTER_SECONDS = (1, 4)

MOST_PROBLEMS = 20
LONGEST_PROBLEM = 300
LONGEST_LOCATION = 100
"""The most problems that a refusal lists, and the most characters of each and of its field's
path."""


class Problem(BaseModel):
    """One thing that is wrong with a request."""

    where: str
    problem: str


class Refusal(BaseModel):
    """The body of every refusal."""

    error: str
    detail: str
    allowed: list[str] | None = None
    """The values that are allowed instead."""
    problems: list[Problem] | None = None
    """The problems, at most twenty."""


class AnalyticsError(Exception):
    """The request could not be answered."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "BAD_REQUEST"

    def __init__(
        self,
        detail: str = "",
        allowed: list[str] | None = None,
        problems: list[Problem] | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "")
        self.allowed = allowed
        self.problems = problems
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        """The JSON of the refusal: error, detail, and what is allowed where that helps."""
        extras = {"allowed": self.allowed, "problems": self.problems}
        return {
            "error": self.code,
            "detail": self.detail,
            **{key: value for key, value in extras.items() if value is not None},
        }


class Invalid(AnalyticsError):
    """The input is not valid."""

    status = 422
    code = "INVALID"


class TooMuchAsked(Invalid):
    """The query takes too long."""

    code = "TOO_MUCH_ASKED"


class Expired(Invalid):
    """The query needs data that has expired."""

    code = "EXPIRED"


class Unauthenticated(AnalyticsError):
    """A login is needed."""

    status = 401
    code = "UNAUTHENTICATED"


class Forbidden(AnalyticsError):
    """This account may not do that."""

    status = 403
    code = "FORBIDDEN"


class NotFound(AnalyticsError):
    """Not found, or this account may not see it."""

    status = 404
    code = "NOT_FOUND"


class Conflict(AnalyticsError):
    """It exists already."""

    status = 409
    code = "CONFLICT"


class TooLarge(AnalyticsError):
    """The request is too large."""

    status = 413
    code = "TOO_LARGE"


class UnsupportedMedia(AnalyticsError):
    """This content type is not supported."""

    status = 415
    code = "UNSUPPORTED_MEDIA"


class TooManyRequests(AnalyticsError):
    """Too many requests; please slow down."""

    status = 429
    code = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str = "", retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Fault(AnalyticsError):
    """Internal error. The log of the service has the details."""

    status = 500
    code = "FAULT"


class Unavailable(AnalyticsError):
    """The database is unavailable or slow. Try again with the same ids: nothing is stored twice."""

    status = 503
    code = "UNAVAILABLE"


EVENTS_PATH = "/api/events/"
"""The path that events are posted to, from pages of any origin."""

DATABASE_AWAY = (
    psycopg.OperationalError,
    PoolTimeout,
    PoolIsFull,
    EngineOperationalError,
    EngineTimeout,
)
"""What the drivers raise when the database is at fault and a retry can help."""


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": description}
    for status, description in (
        (401, "A login is needed."),
        (403, "This account may not do that."),
        (404, "Not found, or this account may not see it."),
        (409, "It exists already."),
        (413, "The request is too large."),
        (415, "This content type is not supported."),
        (422, "The input is not valid; `allowed` lists what is."),
        (429, "Too many requests; Retry-After says when to try again."),
        (503, "The database is unavailable or slow; Retry-After says when to try again."),
    )
}
"""The refusals, for the OpenAPI document."""


def error_response(error: AnalyticsError) -> JSONResponse:
    headers = retry_after(error)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(jsonable_encoder(error.body()), error.status, headers)


def retry_after(error: AnalyticsError) -> dict[str, str]:
    """The header Retry-After, where a retry can help: random after an outage, so that callers do
    not all return at once."""
    match error:
        case TooManyRequests():
            return {"Retry-After": str(math.ceil(error.retry_after))}
        case AnalyticsError(status=503):
            return {"Retry-After": str(random.randint(*RETRY_AFTER_SECONDS))}  # noqa: S311
        case _:
            return {}


def listed(problems: Sequence[str]) -> str:
    """The first problems, and how many more there are: a body may have tens of thousands."""
    text = "; ".join(problem[:LONGEST_PROBLEM] for problem in problems[:MOST_PROBLEMS])
    more = len(problems) - MOST_PROBLEMS
    return f"{text}; and {more} more" if more > 0 else text


def validation_error(request: Request, error: RequestValidationError) -> Invalid:
    """The refusal of an invalid request: all problems, without the input, which may be a
    password."""
    found = [(location(e["loc"]), reason(e["msg"])) for e in error.errors()]
    detail = listed([f"{where}: {problem}" for where, problem in found])
    unknown = any(e["type"] == "extra_forbidden" for e in error.errors())
    problems = [Problem(where=where, problem=problem) for where, problem in found[:MOST_PROBLEMS]]
    return Invalid(detail, accepted_fields(request) if unknown else None, problems)


def location(parts: Sequence[int | str]) -> str:
    """The path of an invalid field, e.g. props.plan."""
    where = ".".join(str(part) for part in parts[1:]) or str(parts[0])
    return where[:LONGEST_LOCATION]


def reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def accepted_fields(request: Request) -> list[str]:
    route = request.scope["route"]
    fields = [*route.dependant.query_params, *route.dependant.body_params]
    models = [field.field_info.annotation for field in fields]
    return sorted(
        info.alias or name
        for model in models
        for name, info in getattr(model, "model_fields", {}).items()
    )


def http_error(error: HTTPException) -> JSONResponse:
    """The refusals of the framework itself (404, 405) in our shape."""
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(error.status_code, "BAD_REQUEST")
    body = {"error": code, "detail": str(error.detail)}
    return JSONResponse(body, error.status_code, dict(error.headers or {}))


def to_analytics_error(error: Exception) -> AnalyticsError:
    """The error itself if it is one of ours, else Unavailable or Fault."""
    if isinstance(error, AnalyticsError):
        return error
    return Unavailable() if isinstance(error, DATABASE_AWAY) else Fault()


def response_for(request: Request, error: Exception) -> JSONResponse:
    match error:
        case RequestValidationError():
            return error_response(validation_error(request, error))
        case HTTPException():
            return http_error(error)
        case _:
            return error_response(to_analytics_error(error))


async def handle(request: Request, error: Exception) -> JSONResponse:
    """The HTTP response for any failure; of posted events, readable from any origin."""
    refusal = response_for(request, error)
    if request.url.path == EVENTS_PATH:
        refusal.headers["Access-Control-Allow-Origin"] = "*"
    return refusal


def add_error_handlers(app: FastAPI) -> None:
    """Makes every failure of the application respond in the one shape."""
    families = (AnalyticsError, RequestValidationError, HTTPException, *DATABASE_AWAY, Exception)
    for family in families:
        app.add_exception_handler(family, handle)
