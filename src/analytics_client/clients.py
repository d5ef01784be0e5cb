"""The two clients: one that waits for answers, and one that is awaited."""

import asyncio
import time
from functools import cached_property
from typing import Any, Self, TypeVar, Unpack

import httpx

from analytics_client.calls import Awaiting, Blocking, Call, Flow, Pause, Response
from analytics_client.parameters import Raw
from analytics_client.raw import AsyncRows, Progress, Rows
from analytics_client.reports import Reports
from analytics_client.sending import Senders

T = TypeVar("T")

EVENTS, VISITS = "/api/events/raw", "/api/visits"


def request_of(call: Call) -> dict[str, Any]:
    """The arguments with which httpx sends a call."""
    headers = {"Content-Type": "application/json"} if call.body is not None else None
    return {
        "method": call.method,
        "url": call.path,
        "params": call.parameters,
        "content": call.body,
        "headers": headers,
    }


class Analytics(Reports, Senders, Blocking):
    """A client of the service. Use it as a context manager, or close it, to end its connections."""

    @cached_property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=self.timeout)

    def run(self, flow: Flow[T]) -> T:
        response: Response = None
        while True:
            try:
                step = flow.send(response)
            except StopIteration as end:
                return end.value
            response = self.do(step)

    def do(self, step: Call | Pause) -> Response:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        try:
            return self.http.request(**request_of(step))
        except httpx.RequestError as error:
            return error

    def events(self, *, progress: Progress = None, **given: Unpack[Raw]) -> Rows:
        """Events one by one, in the order in which they happened."""
        return Rows(self, EVENTS, given, progress)

    def visits(self, *, progress: Progress = None, **given: Unpack[Raw]) -> Rows:
        """Visits one by one, in the order in which they started."""
        return Rows(self, VISITS, given, progress)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncAnalytics(Reports, Senders, Awaiting):
    """The same for programs that await. Use it as a context manager, or close it."""

    @cached_property
    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=self.headers, timeout=self.timeout)

    async def run(self, flow: Flow[T]) -> T:
        response: Response = None
        while True:
            try:
                step = flow.send(response)
            except StopIteration as end:
                return end.value
            response = await self.do(step)

    async def do(self, step: Call | Pause) -> Response:
        if isinstance(step, Pause):
            return await asyncio.sleep(step.seconds)
        try:
            return await self.http.request(**request_of(step))
        except httpx.RequestError as error:
            return error

    def events(self, *, progress: Progress = None, **given: Unpack[Raw]) -> AsyncRows:
        """Events one by one, in the order in which they happened."""
        return AsyncRows(self, EVENTS, given, progress)

    def visits(self, *, progress: Progress = None, **given: Unpack[Raw]) -> AsyncRows:
        """Visits one by one, in the order in which they started."""
        return AsyncRows(self, VISITS, given, progress)

    async def close(self) -> None:
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
