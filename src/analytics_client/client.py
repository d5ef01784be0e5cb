"""What both clients have: where the service is, what they send with each request, and how an answer
becomes a data frame."""

import os
from collections.abc import Mapping
from typing import Any

from analytics_client.calls import Call, Flow, json_of, sent
from analytics_client.frames import Column, Frame, Library, Table, frame_of, installed_library
from analytics_client.parameters import query_of

USER_AGENT = "analytics-client/0.1"


class Client:
    """The part of a client that does not depend on how it waits.

    Without arguments it is what `boot/analytics notebook` sets: the environment variables
    ANALYTICS_URL, ANALYTICS_KEY and ANALYTICS_SITE. An empty key asks as anybody.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        site: str | None = None,
        frames: Library | None = None,
        retries: int = 4,
        timeout: float = 60.0,
    ) -> None:
        environment = os.environ.get
        self.url = url or environment("ANALYTICS_URL", "http://localhost:8002")
        self.site = site or environment("ANALYTICS_SITE", "default")
        self.frames: Library = frames or installed_library()
        self.retries = retries
        self.timeout = timeout
        secret = environment("ANALYTICS_KEY", "") if key is None else key
        self.headers = {"User-Agent": USER_AGENT}
        self.headers |= {"Authorization": f"Bearer {secret}"} if secret else {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r}, site={self.site!r})"

    def json(self, call: Call) -> Flow[Any]:
        """The JSON that a request is answered with. Raises AnalyticsError."""
        return json_of((yield from sent(call, self.retries)))

    def get(self, path: str, given: Mapping[str, Any]) -> Flow[Any]:
        """The answer to these parameters."""
        return self.json(Call("GET", path, query_of(given, self.site)))

    def report(self, path: str, given: Mapping[str, Any]) -> Flow[Frame]:
        """The answer of a report as a data frame."""
        answer = yield from self.get(path, given)
        return frame_of(table_of(answer), self.frames)


def table_of(answer: Mapping[str, Any]) -> Table:
    """The rows of an answer, with a column for each number of a comparison: comparison.visits.ratio
    as in CSV."""
    columns = [Column(column["name"], column["type"]) for column in answer["columns"]]
    rows: list[dict[str, Any]] = answer["rows"]
    if answer.get("comparison"):
        rows = [row | compared(row) for row in rows]
        names = dict.fromkeys(name for row in rows for name in compared(row))
        columns += [Column(name, "number") for name in names]
    about = {name: answer.get(name) for name in ("query", "engine", "totals", "page", "comparison")}
    told = {"units": "unit", "meanings": "description"}
    for name, key in told.items():
        about[name] = {column["name"]: column[key] for column in answer["columns"] if column[key]}
    return Table(columns, rows, answer["query"]["timezone"], about)


def compared(row: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of the comparison of a row, by the names of their columns."""
    changes: Mapping[str, Mapping[str, Any]] = row.get("comparison") or {}
    return {
        f"comparison.{name}.{part}": value
        for name, change in changes.items()
        for part, value in change.items()
    }
