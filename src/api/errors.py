"""Every way a request can fail, and the one shape in which it is refused.

AnalyticsError            400  BAD_REQUEST: the request is not HTTP
├── Malformed             400  the body cannot be read
├── Unauthenticated       401
│   └── WrongCode         401  the password is right, the code of the second factor is not
├── SecondFactorNeeded    401  the password is right, and a code is needed as well
├── Forbidden             403
├── NotFound              404
├── MethodNotAllowed      405  the header Allow lists the methods of the path
├── RequestTimeout        408  the client took too long to send the request
├── Conflict              409
├── TooLarge              413
├── UriTooLong            414
├── UnsupportedMedia      415  lists the content types that are supported
├── Misdirected           421  the host name is none of this service
├── Invalid               422  input that is not valid; lists the problems and what is allowed
│   ├── TooMuchAsked      422  a query that takes too long
│   └── Expired           422  a query for expired raw data; suggests what to ask instead
├── TooManyRequests       429  says when to try again
├── HeadersTooLarge       431
├── Fault                 500  a mistake of ours; the log has the details
└── Unavailable           503  the database is unavailable or slow; says when to try again

docs/api.md has a table of the codes.
"""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import psycopg
from psycopg_pool import PoolTimeout
from psycopg_pool import TooManyRequests as PoolIsFull
from pydantic import ConfigDict
from sqlalchemy.exc import OperationalError as EngineOperationalError
from sqlalchemy.exc import TimeoutError as EngineTimeout

from api.schema import Record

RETRY_AFTER_SECONDS = (1, 4)

MOST_PROBLEMS = 20
MOST_ALLOWED = 100
LONGEST_PROBLEM = 300
LONGEST_LOCATION = 100
"""The most problems that a refusal lists, the most allowed values of each, and the most characters
of its text and of its field's path."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request."""

    __pydantic_config__ = Record.model_config

    where: str
    """The parameter, header or field, e.g. props.plan; query or body for all of it."""
    problem: str
    """What is wrong, in words that may change."""
    allowed: Sequence[str] | None = None
    """The values or names that are allowed there, if they can be listed."""


class Refusal(Record):
    """The body of every refusal."""

    # A field with a default is left out where it does not apply.
    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    error: str
    """The code of the error."""
    detail: str
    """What is wrong, for people."""
    problems: list[Problem]
    """What is wrong where, at most twenty problems; empty if it is about the request as a whole."""
    instead: list[str] | None = None
    """Only of EXPIRED: changes of the query with each of which it can be answered."""


class AnalyticsError(Exception):
    """The request is not valid HTTP."""

    status: ClassVar[int] = 400
    code: str = "BAD_REQUEST"

    def __init__(self, detail: str = "", problems: Iterable[Problem] = ()) -> None:
        self.problems = [*problems]
        self.detail = detail or listed(self.problems) or (type(self).__doc__ or "")
        self.headers: dict[str, str] = {}
        """Headers of the response."""
        super().__init__(self.detail)

    def body(self) -> dict[str, Any]:
        """The JSON of the refusal (see Refusal)."""
        problems = [asdict(bounded(problem)) for problem in self.problems[:MOST_PROBLEMS]]
        return {"error": self.code, "detail": self.detail, "problems": problems}


def bounded(problem: Problem) -> Problem:
    """The problem with texts and a list that are not too long."""
    allowed = None if problem.allowed is None else list(problem.allowed[:MOST_ALLOWED])
    where, text = problem.where[:LONGEST_LOCATION], problem.problem[:LONGEST_PROBLEM]
    return Problem(where, text, allowed)


def listed(problems: Sequence[Problem]) -> str:
    """The first problems, and how many more there are: a body may have tens of thousands."""
    shown = [bounded(problem) for problem in problems[:MOST_PROBLEMS]]
    text = "; ".join(f"{problem.where}: {problem.problem}" for problem in shown)
    more = len(problems) - MOST_PROBLEMS
    return f"{text}; and {more} more" if more > 0 else text


class Malformed(AnalyticsError):
    """The body cannot be read."""

    code = "MALFORMED"


class Unauthenticated(AnalyticsError):
    """A login is needed."""

    status = 401
    code = "UNAUTHENTICATED"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers["WWW-Authenticate"] = "Bearer"


class WrongCode(Unauthenticated):
    """The code of the second factor is wrong, or was used already."""

    code = "WRONG_CODE"


class SecondFactorNeeded(AnalyticsError):
    """The password is right; this account needs a code of its second factor as well."""

    status = 401
    code = "SECOND_FACTOR_NEEDED"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.headers["WWW-Authenticate"] = "Bearer"


class Forbidden(AnalyticsError):
    """This account may not do that."""

    status = 403
    code = "FORBIDDEN"


class NotFound(AnalyticsError):
    """Not found, or this account may not see it."""

    status = 404
    code = "NOT_FOUND"


class MethodNotAllowed(AnalyticsError):
    """This path does not have this method; the header Allow lists those that it has."""

    status = 405
    code = "METHOD_NOT_ALLOWED"


class RequestTimeout(AnalyticsError):
    """The request did not arrive in time."""

    status = 408
    code = "REQUEST_TIMEOUT"


class Conflict(AnalyticsError):
    """It exists already."""

    status = 409
    code = "CONFLICT"


class TooLarge(AnalyticsError):
    """The request is too large."""

    status = 413
    code = "TOO_LARGE"


class UriTooLong(AnalyticsError):
    """The address is too long: with the headers it has at most 64 KiB."""

    status = 414
    code = "URI_TOO_LONG"


class UnsupportedMedia(AnalyticsError):
    """This content type is not supported."""

    status = 415
    code = "UNSUPPORTED_MEDIA"


class Misdirected(AnalyticsError):
    """This service does not have this host name; BASE_URL and HOSTS say which it has."""

    status = 421
    code = "MISDIRECTED"


class Invalid(AnalyticsError):
    """The input is not valid."""

    status = 422
    code = "INVALID"


def invalid(where: str, problem: str, allowed: Iterable[str] | None = None) -> Invalid:
    """The refusal of one parameter or field, with the values that are allowed there."""
    return Invalid(problems=[Problem(where, problem, None if allowed is None else [*allowed])])


class TooMuchAsked(Invalid):
    """The query takes too long."""

    code = "TOO_MUCH_ASKED"


class Expired(Invalid):
    """The query needs data that has expired."""

    code = "EXPIRED"

    def __init__(self, detail: str = "", instead: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.instead = instead

    def body(self) -> dict[str, Any]:
        """The JSON of the refusal, with changes of the query that can be answered instead."""
        return super().body() | {"instead": [*self.instead]}


class TooManyRequests(AnalyticsError):
    """Too many requests; please slow down."""

    status = 429
    code = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str = "", retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.headers["Retry-After"] = str(math.ceil(retry_after))


class HeadersTooLarge(AnalyticsError):
    """The headers are too large: with the address they have at most 64 KiB."""

    status = 431
    code = "HEADERS_TOO_LARGE"


class Fault(AnalyticsError):
    """Internal error. The log of the service has the details."""

    status = 500
    code = "FAULT"


class Unavailable(AnalyticsError):
    """The database is unavailable or slow. Try again with the same ids: nothing is stored twice."""

    status = 503
    code = "UNAVAILABLE"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        # Random, so that callers do not all return at once after an outage.
        self.headers["Retry-After"] = str(random.randint(*RETRY_AFTER_SECONDS))  # noqa: S311


DATABASE_AWAY = (
    psycopg.OperationalError,
    PoolTimeout,
    PoolIsFull,
    EngineOperationalError,
    EngineTimeout,
)
"""What the drivers raise when the database is at fault and a retry can help."""


def to_analytics_error(error: Exception) -> AnalyticsError:
    """The error itself if it is one of ours, else Unavailable or Fault."""
    if isinstance(error, AnalyticsError):
        return error
    return Unavailable() if isinstance(error, DATABASE_AWAY) else Fault()


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": description}
    for status, description in (
        (400, "The body cannot be read, e.g. because it is not JSON."),
        (401, "A login is needed."),
        (403, "This account may not do that."),
        (404, "Not found, or this account may not see it."),
        (409, "It exists already, is not done yet, or must stay."),
        (413, "The request is too large."),
        (414, "The address is too long."),
        (415, "This content type is not supported; `allowed` lists those that are."),
        (422, "The input is not valid; `problems` lists what is wrong and what is allowed."),
        (429, "Too many requests; Retry-After says when to try again."),
        (431, "The headers, together with the address, are too large."),
        (503, "The database is unavailable or slow; Retry-After says when to try again."),
    )
}
"""The refusals, for the OpenAPI document."""
