"""Events of server-side senders: each has an id before it is first sent, so that one that is sent
again, because the response did not arrive, is stored once."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypedDict, Unpack
from uuid import uuid4

from analytics_client.calls import Call, Flow, Method
from analytics_client.client import Client
from analytics_client.errors import AnalyticsError, Invalid, Problem

MOST_EVENTS, MOST_BYTES = 1_000, 1024 * 1024
"""The most events of a request, and bytes of its body (README, Limits)."""

PATH = "/api/events"


class EventFields(TypedDict, total=False):
    """What can be said of an event beside its name (docs/openapi.json, POST /api/events)."""

    site: str
    id: str | int
    time: datetime | str
    sent_at: datetime | str | int
    page: str
    hostname: str
    title: str
    referrer: str
    user_agent: str
    session_id: str | int
    visitor_id: str | int
    user_id: str | int
    duration: float
    revenue: Mapping[str, Any]
    props: Mapping[str, Any]
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str
    utm_term: str
    screen: str
    language: str
    timezone: str
    interactive: bool


@dataclass
class Sent:
    """What became of the events of a batch."""

    accepted: int = 0
    """How many were stored."""
    duplicate: int = 0
    """How many had been stored before."""
    rejected: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Those that were refused: index in the batch, error and detail."""
    problems: list[Problem] = field(default_factory=list[Problem])
    """What is wrong with them, and what is allowed: at most twenty problems of each request."""
    ids: list[str | None] = field(default_factory=list[str | None])
    """The ids under which the events are stored, in order; None for one that was rejected."""

    def add(self, report: Mapping[str, Any]) -> None:
        """Adds the report of the next events."""
        before = len(self.ids)
        self.accepted += report["accepted"]
        self.duplicate += report["duplicate"]
        self.rejected += [one | {"index": one["index"] + before} for one in report["rejected"]]
        self.problems += [Problem(**shifted(one, before)) for one in report.get("problems", ())]
        self.ids += report["ids"]


class NotAllSent(AnalyticsError):
    """Some of a batch could not be sent, after all retries; `__cause__` says why. `unsent` can be
    sent again later: its events have ids. `sent` is what became of those before."""

    def __init__(self, sent: Sent, unsent: Sequence[Mapping[str, Any]], cause: Exception) -> None:
        super().__init__(f"{len(unsent)} events were not sent: {cause}")
        self.sent, self.unsent = sent, unsent


class Senders(Client):
    """The methods that send, for which a key needs the scope `events:write`. A server names the
    visitor (visitor_id or user_id) and the visitor's user_agent; else all are one visitor."""

    @Method
    def track(self, name: str = "pageview", **fields: Unpack[EventFields]) -> Flow[dict[str, Any]]:
        """Sends one event, a page view by default. Returns it as it is stored."""
        body = encoded(self.completed({"name": name, **fields}))
        return self.json(Call("POST", PATH, body=body))

    @Method
    def batch(self, events: Iterable[Mapping[str, Any]]) -> Flow[Sent]:
        """Sends events, however many. One that is rejected does not affect the others. Raises
        NotAllSent."""
        whole, before = Sent(), 0
        listed = [self.completed(event) for event in events]
        for part in parts_of(listed):
            try:
                whole.add((yield from self.send_part(part)))
            except AnalyticsError as error:
                raise NotAllSent(whole, listed[before:], error) from error
            before += len(part)
        return whole

    def send_part(self, part: Sequence[Mapping[str, Any]]) -> Flow[Mapping[str, Any]]:
        """Sends the events of one request. Returns the service's report of them."""
        if sum(map(size_of, part)) > MOST_BYTES:
            return too_large(part)
        try:
            return (yield from self.json(Call("POST", PATH, body=encoded(part))))
        except Invalid as refusal:
            if "ids" in refusal.body:  # every one was rejected; the refusal is also the report
                return refusal.body
            raise

    def completed(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with what has to stay the same when it is sent again."""
        now = datetime.now(UTC)
        return {"site": self.site, "id": str(uuid4()), "time": now, **event}


def parts_of(events: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The events in parts that fit into a request. One that is too large is a part of its own."""
    part: list[dict[str, Any]] = []
    room = MOST_BYTES
    for event in events:
        size = size_of(event)
        if part and (len(part) == MOST_EVENTS or size > room):
            yield part
            part, room = [], MOST_BYTES
        part.append(event)
        room -= size
    if part:
        yield part


def too_large(part: Sequence[object]) -> Mapping[str, Any]:
    """The report of events that are larger than a request may be."""
    detail = "The event is longer than 32 KiB."
    rejected = [
        {"index": index, "error": "EVENT_TOO_LARGE", "detail": detail} for index in range(len(part))
    ]
    return {"accepted": 0, "duplicate": 0, "rejected": rejected, "ids": [None for _ in part]}


def size_of(event: Mapping[str, Any]) -> int:
    """The bytes of an event in a body, with what separates it from the next one."""
    return len(encoded(event)) + len(", ")


def encoded(value: object) -> bytes:
    return json.dumps(value, default=text_of).encode()


def text_of(value: object) -> str:
    """A value that JSON does not have: a time, a Decimal, a UUID."""
    return value.isoformat() if isinstance(value, date) else str(value)


def shifted(problem: Mapping[str, Any], by: int) -> dict[str, Any]:
    """The problem with the index of its event in the whole batch: 3.page."""
    index, dot, rest = problem["where"].partition(".")
    where = f"{int(index) + by}{dot}{rest}" if index.isdecimal() else problem["where"]
    return {**problem, "where": where}
