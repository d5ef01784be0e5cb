"""Telling the service what happened on a site, asking it, and comparing its answers."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings

from api.db.database import Database
from api.events.enrich.geo import GeoLocator
from api.sites.directory import Sites
from api.sites.models import Visibility, utc_now
from conftest import SECRET, TestSite
from importing.access_log import LogReader, Summary, import_log
from importing.stores import storing
from oracle.histories import DAY, History
from oracle.periods import Range
from oracle.site import Site
from oracle.steps import Goal
from oracle.visits import Event, stored

REAL_LOG = Path(__file__).parents[1] / "data" / "semicomplete-access.log.gz"
DOMAIN = "semicomplete.com"

SHOWN_AS = {
    "IE": "Internet Explorer",
    "Chrome Mobile WebView": "Android WebView",
    "Mobile Safari UI/WKWebView": "iOS WebView",
}
"""Families of browsers that the service shows by the name people know."""

ALL = 1000
"""Rows: more than there are."""

BLOCK_OF_VISITORS = 16_384
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)

numbers = count()


MORE = int(os.environ.get("MORE_EXAMPLES", "1"))
"""How many times as many examples are tried as in an ordinary run: see docs/testing.md."""


def examples(number: int) -> settings:
    """How a history is searched for that gives a wrong answer: among so many in an ordinary run,
    which takes a few seconds, and among more with MORE_EXAMPLES."""
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    return settings(
        max_examples=MORE * number, deadline=None, print_blob=True, suppress_health_check=slow
    )


async def fresh_site(
    client: Any, admin: Any, database: Any, timezone: str = "UTC", goals: Sequence[Goal] = ()
) -> TestSite:
    """A site on which nothing has happened, with goals to reach."""
    key = f"oracle-{utc_now():%H%M%S%f}-{next(numbers)}"
    await Sites(database).create(
        key, f"{key}.example", timezone=timezone, visibility=Visibility.PUBLIC
    )
    site = TestSite(key, client, admin, database)
    for goal in goals:
        answer = await client.post("/api/goals", json={"site": key, **goal.wire}, headers=admin)
        assert answer.status_code == 201, answer.text
    return site


async def make_crowded(site: TestSite) -> None:
    """As if so many visitors had been there, long ago, that the next few are in two blocks of the
    sets in which visitors are counted."""
    async with await site.database.connect() as connection:
        await connection.execute(
            "insert into visitor (site_id, id, number, first_seen)"
            " select id, 0, %s, %s from site where key = %s",
            [BLOCK_OF_VISITORS - 3, LONG_AGO, site.key],
        )


async def tell(
    site: TestSite,
    batches: Sequence[Sequence[Event]],
    goals: Sequence[Goal] = (),
    *,
    refreshing: bool = False,
) -> Site:
    """Sends the batches one after the other, refreshing rollups after the first or not; what the
    oracle thinks of them."""
    known: list[Event] = []
    for batch in batches:
        before = len(stored(known))
        known += batch
        report = await site.send(*(event.wire for event in batch))
        assert report["rejected"] == []
        assert report["accepted"] == len(stored(known)) - before
        assert report["accepted"] + report["duplicate"] == len(batch)
        if refreshing and batch is batches[0]:
            await site.refresh()
    return Site(known, goals)


async def before_and_after_refresh(site: TestSite) -> AsyncIterator[None]:
    """The moments at which to ask: what was told is in no rollup yet, and then it is."""
    yield
    await site.refresh()
    yield


def spans(history: History, question: dict[str, Any]) -> list[Range]:
    """A range near the edge, and one around everything."""
    lower = history.edge + question["offset"]
    everything = Range(history.edge - 10 * DAY, history.edge + 70 * DAY)
    return [Range(lower, lower + question["length"]), everything]


def filtered(clauses: Sequence[Any]) -> dict[str, str]:
    """Filters as a parameter."""
    return {"filters": json.dumps(clauses)} if clauses else {}


def bounds(span: Range) -> dict[str, str]:
    """A range as parameters."""
    return {"from": span.lower.isoformat(), "to": span.upper.isoformat()}


def same(answer: Any, expected: Any) -> bool:
    """Whether an answer is what is expected of it; keys that nothing is expected of are free."""
    if isinstance(expected, dict):
        return all(same(answer[key], value) for key, value in expected.items())
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(same, answer, expected))
    if isinstance(expected, datetime):
        return datetime.fromisoformat(answer) == expected
    if isinstance(expected, date):
        return date.fromisoformat(answer) == expected
    if isinstance(expected, float) and answer is not None:
        return answer == pytest.approx(expected, rel=1e-9)
    return answer == expected


def check(answer: Any, expected: Any) -> None:
    """Fails, showing both sides, unless they are the same."""
    if isinstance(expected, list) and len(answer) == len(expected):
        for number, (got, wanted) in enumerate(zip(answer, expected, strict=True)):
            assert same(got, wanted), f"row {number}\n got    {got}\n wanted {wanted}"
    assert same(answer, expected), f"\n got    {answer}\n wanted {expected}"


async def ask(site: TestSite, report: str, span: Range, **params: Any) -> Any:
    """The answer to a question about a range."""
    return await site.ask(report, **bounds(span), **params)


NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)
TEN_DAYS = Range(NOON - 5 * DAY, NOON + 5 * DAY)

ids = count(1)


def event(time: datetime, page: str = "/", visitor: str = "ann", **more: Any) -> Event:
    """An event; of simultaneous ones, the one made first is the first."""
    return Event(id=UUID(int=next(ids)), time=time, visitor=visitor, page=page, **more)


async def counts(site: TestSite, span: Range = TEN_DAYS, **how: Any) -> list[int]:
    """How many got to each step of a funnel."""
    return [row["count"] for row in (await ask(site, "funnel", span, **how))["rows"]]


async def import_real_log(database: Database, key: str) -> Summary:
    """Imports the real log as the command line does, with a reader of its own."""
    site = await Sites(database).create(key, DOMAIN, visibility=Visibility.PUBLIC)
    summary = Summary()
    reader = LogReader(site, SECRET, GeoLocator(None, None))
    with REAL_LOG.open("rb") as raw:
        async for _ in import_log(storing(database), REAL_LOG.name, raw, reader, summary):
            pass
    return summary
