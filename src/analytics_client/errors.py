"""What a call can raise: each kind of refusal has a class, and says what is allowed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request."""

    where: str
    """The parameter, header or field."""
    problem: str
    """What is wrong with it."""
    allowed: Sequence[str] | None = None
    """The values or names that are allowed there, if they can be listed."""

    def __str__(self) -> str:
        allowed = f" (allowed: {', '.join(self.allowed)})" if self.allowed else ""
        return f"{self.where}: {self.problem}{allowed}"


class AnalyticsError(Exception):
    """The base of all errors of this package."""


class Unreachable(AnalyticsError):
    """The service did not answer, after all retries."""


class NotTheService(AnalyticsError):
    """What answered is not the service: a proxy, or another program at this address."""


@dataclass
class Refused(AnalyticsError):
    """The service refused a request."""

    status: int
    """The status of the response."""
    code: str
    """The code of the error (docs/api.md)."""
    detail: str
    """What is wrong, for people."""
    problems: Sequence[Problem] = ()
    """What is wrong where, and what is allowed there."""
    instead: Sequence[str] = ()
    """Only of Expired: changes of the query, each of which is enough to have it answered."""
    body: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """The whole refusal."""

    def __str__(self) -> str:
        listed = "; ".join(map(str, self.problems)) or self.detail
        instead = f"; instead: {', '.join(self.instead)}" if self.instead else ""
        return f"{self.code}: {listed}{instead}"


class Unauthenticated(Refused):
    """The key is missing, not valid, revoked or expired."""


class Forbidden(Refused):
    """This key may not do that."""


class NotFound(Refused):
    """There is no such thing, or this key may not see it: a site, a path."""


class Invalid(Refused):
    """Parameters or fields are not valid. `problems` lists all of them."""


class Expired(Invalid):
    """The query needs raw data that has expired. `instead` lists what can be answered."""


class TooManyRequests(Refused):
    """A rate limit is reached, after all retries."""


class Unavailable(Refused):
    """The database is unavailable or slow, after all retries."""


BY_STATUS: Mapping[int, type[Refused]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: Invalid,
    422: Invalid,
    429: TooManyRequests,
    503: Unavailable,
}


def refusal_of(response: httpx.Response) -> AnalyticsError:
    """The error that a response tells of."""
    try:
        body: dict[str, Any] = response.json()
        problems = [Problem(**problem) for problem in body["problems"]]
        code, detail = body["error"], body["detail"]
    except (ValueError, TypeError, KeyError):
        return NotTheService(f"{response.url.host} answered {response.status_code} without a code.")
    kind = Expired if code == "EXPIRED" else BY_STATUS.get(response.status_code, Refused)
    return kind(response.status_code, code, detail, problems, body.get("instead") or (), body)
