"""Visits over midnight (UTC) of visitors without cookies, whose hash changes with the day: reports
do not depend on the order in which events arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender, import_salt
from api.events.models import Event, EventIn
from api.events.write.writer import Outcome, Writer
from api.sites.directory import Sites
from api.sites.models import Site, utc_now
from conftest import SECRET, TestSite
from copies import Copy
from oracle.telling import fresh_site

TODAY = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
MIDNIGHT = TODAY - timedelta(days=3)
DAYS = {
    "from": str((MIDNIGHT - timedelta(days=1)).date()),
    "to": str(MIDNIGHT.date()),
    "timezone": "UTC",
}
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
)


@dataclass(frozen=True)
class Act:
    """Something that a person did, so many minutes after midnight."""

    number: int
    minutes: int
    person: int = 1
    name: str = "pageview"
    seconds: int = 0

    @property
    def time(self) -> datetime:
        return MIDNIGHT + timedelta(minutes=self.minutes)

    @property
    def page(self) -> str:
        return f"/{self.number % 2}"


def views(*minutes: int) -> list[Act]:
    """Page views of one person."""
    return [Act(number, at) for number, at in enumerate(minutes)]


def event(act: Act, site: Site) -> Event:
    """The event of an import: the salts of all days exist."""
    sender = Sender(
        f"203.0.113.{act.person}",
        BROWSER,
        {},
        utc_now(),
        lambda day: import_salt(SECRET, day),
        trusted=True,
    )
    duration = {"duration": act.seconds} if act.name == "engagement" else {}
    given = EventIn(
        id=str(UUID(int=act.number + 1)), name=act.name, page=act.page, time=act.time, **duration
    )
    return enrich(given, site, sender, GeoLocator(None, None))


async def write(site: TestSite, acts: Iterable[Act]) -> None:
    """Stores a batch."""
    target = await Sites(site.database).find(site.key)
    events = [event(act, target) for act in acts]
    assert set(await Writer(site.database).write(events)) == {Outcome.ACCEPTED}


@pytest.fixture
async def fresh(client: Any, admin: Any, database: Any) -> TestSite:
    """A site on which nothing has happened."""
    return await fresh_site(client, admin, database)


# What it should be, by plain Python -------------------------------------------------------------


def visits_of(acts: Sequence[Act]) -> Iterator[list[Act]]:
    """The acts of each person, cut where more than 30 minutes lie between two."""
    for person in sorted({act.person for act in acts}):
        visit: list[Act] = []
        for act in sorted(acts, key=lambda act: (act.minutes, act.number)):
            if act.person != person:
                continue
            if visit and act.minutes - visit[-1].minutes > 30:
                yield visit
                visit = []
            visit.append(act)
        yield visit


def visitor_of(visit: Sequence[Act]) -> tuple[int, date]:
    """A person is one visitor a day, and a visit that of its first day."""
    return visit[0].person, visit[0].time.date()


def expected(acts: Sequence[Act]) -> dict[str, Any]:
    """What the reports should answer about these acts, computed in plain Python."""
    visits = [*visits_of(acts)]
    return {
        "visits": len(visits),
        "visitors": len({visitor_of(visit) for visit in visits}),
        "pages": sorted([act.page for act in visit] for visit in visits),
        "visitors by day": [
            len({visitor_of(v) for v in visits if v[0].time.date() == day})
            for day in (MIDNIGHT.date() - timedelta(days=1), MIDNIGHT.date())
        ],
        "visitors by page": {
            page: len({visitor_of(v) for v in visits if page in {act.page for act in v}})
            for page in sorted({act.page for act in acts})
        },
    }


async def counted(site: TestSite, **how: str) -> dict[str, Any]:
    """What the reports answer, in the shape of `expected`."""
    series = await site.ask("timeseries", interval="day", **DAYS, **how)
    sessions = (await site.ask("sessions", limit=1000, **DAYS))["rows"]
    pages = (await site.ask("pages", limit=1000, **DAYS, **how))["rows"]
    return {
        "visits": series["totals"]["visits"],
        "visitors": series["totals"]["visitors"],
        "pages": sorted(row["path"] for row in sessions),
        "visitors by day": [row["visitors"] for row in series["rows"]],
        "visitors by page": {row["page"]: row["visitors"] for row in sorted(pages, key=by_page)},
    }


def by_page(row: dict[str, Any]) -> str:
    return row["page"]


# One by one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 3, 0), (2, 0, 3, 1)])
async def test_visit_over_midnight_has_the_visitor_of_its_first_day(
    fresh: TestSite, order: Sequence[int]
) -> None:
    """The person was there on both days before and after it."""
    acts = views(-600, -10, 5, 900)
    for place in order:
        await write(fresh, [acts[place]])
    found = await counted(fresh)
    assert found == expected(acts)
    assert (found["visits"], found["visitors"]) == (3, 2)


@pytest.mark.parametrize("refreshed", [False, True])
async def test_visits_of_two_days_that_a_late_event_joins_are_one(
    fresh: TestSite, refreshed: bool
) -> None:
    acts = [Act(0, -30), Act(2, 5), Act(4, -10)]
    for act in acts:
        await write(fresh, [act])
        if refreshed:
            await fresh.refresh()
    found = await counted(fresh)
    assert found == expected(acts)
    assert (found["visits"], found["visitors by page"]) == (1, {"/0": 1})


async def test_visitor_who_has_no_visit_left_is_gone(fresh: TestSite) -> None:
    await write(fresh, views(5))
    await write(fresh, [Act(7, -10)])
    async with await fresh.database.connect() as connection:
        cursor = await connection.execute(
            "select v.number, s.visitors_numbered from visitor v join site s on s.id = v.site_id"
            " where s.key = %s",
            [fresh.key],
        )
        # The number of the one who is gone is never given to anybody else.
        assert await cursor.fetchall() == [(1, 1)]


async def test_first_visit_of_visitor_is_the_first_that_is_left(fresh: TestSite) -> None:
    await write(fresh, views(5, 600, 700))
    await write(fresh, [Act(7, -10)])
    async with await fresh.database.connect() as connection:
        cursor = await connection.execute(
            "select visitor.first_seen, array_agg(distinct visit.first_seen), count(*) from visitor"
            " join visit on visit.visitor_id = visitor.id and visit.site_id = visitor.site_id"
            " join site on site.id = visitor.site_id where site.key = %s group by 1 order by 1",
            [fresh.key],
        )
        late, left = Act(0, -10).time, Act(0, 600).time
        assert await cursor.fetchall() == [(late, [late], 1), (left, [left], 2)]


async def test_errors_and_vitals_follow_the_visit(fresh: TestSite) -> None:
    target = await Sites(fresh.database).find(fresh.key)
    error = event(Act(5, 6), target)
    error.name, error.props = "js_error", {"message": "x", "source": "", "frame": ""}
    await write(fresh, views(5))
    assert await Writer(fresh.database).write([error]) == [Outcome.ACCEPTED]
    await write(fresh, [Act(7, -10)])
    async with await fresh.database.connect() as connection:
        cursor = await connection.execute(
            "select count(*), count(distinct visitor_id) from ("
            " select visitor_id, site_id from js_error union all"
            " select visitor_id, site_id from event) told where site_id = %s",
            [target.number],
        )
        assert await cursor.fetchall() == [(3, 1)]


# Many -------------------------------------------------------------------------------------------


def random_acts(rng: Random, names: Sequence[str]) -> list[Act]:
    """What two people did around midnight, and in the days around it."""
    spans = [(-50, 50)] * 5 + [(-900, -500), (500, 900)]
    return [
        Act(
            number,
            rng.randint(*rng.choice(spans)),
            rng.randint(1, 2),
            rng.choice(names),
            rng.randint(1, 1200),
        )
        for number in range(rng.randint(6, 28))
    ]


def batches(rng: Random, acts: Sequence[Act]) -> Iterator[Sequence[Act]]:
    """The acts in another order, a few at a time."""
    left = rng.sample(acts, len(acts))
    while left:
        size = rng.randint(1, 4)
        yield left[:size]
        del left[:size]


async def tell(site: TestSite, rng: Random, acts: Sequence[Act]) -> None:
    """Writes them in another order, and refreshes rollups between some."""
    for batch in batches(rng, acts):
        await write(site, batch)
        if rng.random() < 0.3:
            await site.refresh()


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_arrival_gives_the_answers_of_plain_python(
    fresh: TestSite, seed: int
) -> None:
    rng = Random(seed)
    acts = random_acts(rng, ["pageview"])
    copy = Copy(fresh)
    await copy.make()
    await tell(fresh, rng, acts)
    await copy.follow()
    await copy.check()
    for how in ({}, {"engine": "base"}):
        assert await counted(fresh, **how) == expected(acts)
    await fresh.refresh()
    assert await counted(fresh) == expected(acts)


REPORTS: dict[str, dict[str, Any]] = {
    "timeseries": {"interval": "hour"},
    "pages": {},
    "entries": {"dimension": "entry_page"},
    "lifecycle": {"interval": "day"},
    "retention": {"interval": "day"},
    "events": {},
}


async def answers(site: TestSite) -> dict[str, Any]:
    """What reports say, without the ids of visits and visitors."""
    found: dict[str, Any] = {}
    for report, params in REPORTS.items():
        answer = await site.ask(report, **DAYS, **params)
        found[report] = answer["rows"], answer["totals"]
    sessions = (await site.ask("sessions", limit=1000, **DAYS))["rows"]
    names = (
        "started",
        "path",
        "duration_seconds",
        "engaged_seconds",
        "events",
        "visits_of_visitor",
    )
    found["sessions"] = sorted([row[name] for name in names if name in row] for row in sessions)
    return found


@pytest.mark.parametrize("seed", range(12))
async def test_any_order_of_events_and_engagement_gives_one_answer(
    fresh: TestSite, client: Any, admin: Any, database: Any, seed: int
) -> None:
    rng = Random(seed)
    acts = random_acts(rng, ["pageview", "engagement", "engagement", "signup"])
    await tell(fresh, rng, acts)
    in_order = await fresh_site(client, admin, database)
    await write(in_order, sorted(acts, key=lambda act: (act.minutes, act.number)))
    assert await answers(fresh) == await answers(in_order)
    await fresh.refresh()
    assert await answers(fresh) == await answers(in_order)
