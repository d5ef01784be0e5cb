"""Requests as descriptions, which a blocking and an asynchronous client carry out.

A flow is a generator. It yields what is to be done next, a request or a pause, is sent the response
and returns its result. Retries, pages and batches are written once, as flows; a client only does
what they ask for.
"""

import functools
import inspect
import random
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, overload

import httpx

from analytics_client.errors import NotTheService, Unreachable, refusal_of

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_PAUSE = 60.0
"""Seconds. A service that wants a longer pause refuses for good: a quota of a day is used up."""

TRY_AGAIN = frozenset((429, 502, 503, 504))
"""The statuses after which the same request may succeed."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be sent again without doing anything twice."""

    method: str
    path: str
    parameters: Mapping[str, str | list[str]] | None = None
    body: bytes | None = None
    """JSON."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Time to wait before the next attempt."""

    seconds: float


Response = httpx.Response | httpx.RequestError | None
"""What a client sends into a flow: the response, why there is none, or nothing after a pause."""

Flow = Generator[Call | Pause, Response, T]


def sent(call: Call, retries: int) -> Flow[httpx.Response]:
    """Sends a request, again after failures that may pass. Raises Unreachable."""
    got = yield call
    for attempt in range(retries):
        pause = pause_after(got, attempt)
        if pause is None:
            break
        yield Pause(pause)
        got = yield call
    if isinstance(got, httpx.Response):
        return got
    raise Unreachable(f"{call.method} {call.path}: {str(got) or type(got).__name__}") from got


def pause_after(got: Response, attempt: int) -> float | None:
    """The seconds until another attempt; None where another one makes no sense."""
    if isinstance(got, httpx.Response) and got.status_code not in TRY_AGAIN:
        return None
    # Chosen at random, so that clients that were refused together do not come back together.
    usual = min(0.5 * 2**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311
    wanted = got.headers.get("Retry-After", "") if isinstance(got, httpx.Response) else ""
    asked = float(wanted) if wanted.isdecimal() else 0.0
    return max(usual, asked) if asked <= LONGEST_PAUSE else None


def json_of(response: httpx.Response) -> Any:
    """The JSON of a response. Raises Refused for a refusal, and NotTheService."""
    if not response.is_success:
        raise refusal_of(response)
    try:
        return response.json()
    except ValueError as error:
        raise NotTheService(f"{response.url.host} answered something else than JSON.") from error


class Blocking:
    """A client whose methods return results."""

    @abstractmethod
    def run(self, flow: Flow[T]) -> T: ...


class Awaiting:
    """A client whose methods return awaitables of results."""

    @abstractmethod
    async def run(self, flow: Flow[T]) -> T: ...


class Method(Generic[P, T]):
    """A method of both clients, made of the flow that describes it."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__
        self.__signature__ = signature_of(describe)

    @overload
    def __get__(self, client: None, owner: object = None) -> "Method[P, T]": ...
    @overload
    def __get__(self, client: Blocking, owner: object = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: Awaiting, owner: object = None) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, client: Blocking | Awaiting | None, owner: object = None) -> Any:
        if client is None:
            return self

        @functools.wraps(self.describe)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.run(self.describe(client, *args, **kwargs))

        method.__dict__["__signature__"] = self.__signature__
        return method


def signature_of(describe: Callable[..., Any]) -> inspect.Signature:
    """The signature as a caller sees it: without self, and with the names of keyword arguments,
    which notebooks complete."""
    _, *parameters = inspect.signature(describe).parameters.values()
    listed: list[inspect.Parameter] = []
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            listed.append(parameter)
            continue
        (named,) = get_args(parameter.annotation)
        listed += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for name, kind in named.__annotations__.items()
        ]
    return inspect.Signature(listed)
