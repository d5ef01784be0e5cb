"""Changes of raw data: a copy elsewhere that follows them stays equal to what the lists return."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.db.database import Database
from api.events.changes.log import prune_changes
from api.events.removal.expiry import execute, regain, remove_rows
from api.sites import directory
from api.sites.models import utc_now
from conftest import TestSite
from copies import VISITS, Copy, get, listed, told
from oracle.telling import examples, fresh_site
from refusals import is_refusal

MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
NOW = utc_now().replace(microsecond=0)
TODAY = NOW.replace(hour=0, minute=0, second=0)
MONDAY = TODAY - timedelta(days=TODAY.weekday())


@pytest.fixture(autouse=True)
def time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process remembers a site as it was."""
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 0.0)


def event(minutes: float, visitor: str = "ann", **more: Any) -> dict[str, Any]:
    """A page view so many minutes after the same time yesterday."""
    time = (NOW - timedelta(days=1) + minutes * MINUTE).isoformat()
    return {"id": str(uuid4()), "time": time, "visitor_id": visitor, "page": "/", **more}


async def erase(site: TestSite, visitor: str) -> None:
    """Erases a person."""
    url = f"/api/sites/{site.key}/erasures"
    answer = await site.client.post(url, json={"visitor_id": visitor}, headers=site.admin)
    assert answer.status_code == 201


async def name_bot(site: TestSite, visit: str) -> None:
    """Moves the visitor of a visit to the bots."""
    url = f"/api/sites/{site.key}/bots"
    answer = await site.client.post(url, json={"visit_id": visit}, headers=site.admin)
    assert answer.status_code == 201


async def number_of(site: TestSite) -> int:
    async with await site.database.connect() as connection:
        cursor = await connection.execute("select id from site where key = %s", [site.key])
        ((number,),) = await cursor.fetchall()
    return number


async def move_line(site: TestSite, line: datetime, *, is_removed: bool) -> None:
    """Moves the line, and removes what is behind it or leaves that for later."""
    values = {"site": await number_of(site), "line": line}
    async with await site.database.connect() as connection:
        await execute(connection, "move_line", values)
        if is_removed:
            await remove_rows(connection, site.database.engine)


async def move_line_back(site: TestSite) -> datetime | None:
    async with await site.database.connect() as connection:
        return await regain(connection, await number_of(site))


async def prune(database: Database) -> None:
    """Forgets all changes until now."""
    async with await database.connect() as connection:
        await prune_changes(connection, utc_now() + MINUTE)


async def changes(site: TestSite, since: str, **params: Any) -> dict[str, Any]:
    return await told(site, "/api/changes", since=since, **params)


async def start(site: TestSite) -> Copy:
    """A copy of what there is."""
    copy = Copy(site)
    await copy.make()
    return copy


async def follow(copy: Copy) -> None:
    """Follows without making the copy anew, and checks it."""
    cursor = copy.cursor
    while True:
        copy.take_in(found := await changes(copy.site, cursor, limit=3))
        cursor = copy.cursor
        if not found["more"]:
            break
    await copy.check()


async def test_without_cursor_the_present_one_is_told(site: TestSite) -> None:
    await site.send(event(0))
    now = await told(site, "/api/changes")
    assert now == {
        "events": [],
        "visits": [],
        "gone": {"events": [], "visits": []},
        "raw_data_since": None,
        "next": now["next"],
        "more": False,
    }
    assert await changes(site, now["next"]) == now


@pytest.mark.parametrize("limit", ["0", "10001", "x"])
async def test_bad_limit_is_refused(site: TestSite, limit: str) -> None:
    assert is_refusal(await get(site, "/api/changes", limit=limit), "INVALID")


async def test_pruned_changes_are_refused_until_copy_is_made_anew(site: TestSite) -> None:
    copy = await start(site)
    await site.send(event(0))
    stale, fresh = copy.cursor, (await told(site, "/api/changes"))["next"]
    await prune(site.database)
    answer = await get(site, "/api/changes", since=stale)
    assert is_refusal(answer, "EXPIRED")
    assert "new copy" in answer.json()["detail"]
    assert (await changes(site, fresh))["events"] == []
    await copy.follow()
    await copy.check()


async def test_changes_are_pruned_by_their_age(site: TestSite) -> None:
    copy = await start(site)
    await site.send(event(0))
    async with await site.database.connect() as connection:
        await prune_changes(connection, utc_now() - timedelta(days=1))
    await follow(copy)


async def test_cursor_ahead_of_restored_database_is_refused(site: TestSite) -> None:
    """The database was restored from a backup: it gives out the same numbers again."""
    await site.send(event(0))
    ahead = (await told(site, "/api/changes"))["next"]
    async with await site.database.connect() as connection:
        await connection.execute(
            "delete from raw_change where site_id = %s", [await number_of(site)]
        )
    assert is_refusal(await get(site, "/api/changes", since=ahead), "EXPIRED")


async def test_late_event_that_merges_visits_changes_all_of_their_events(site: TestSite) -> None:
    await site.send(event(0), event(10), event(50), event(60))
    copy = await start(site)
    assert len(copy.visits) == 2
    await site.send(event(30))
    found = await changes(site, copy.cursor)
    assert len(found["gone"]["visits"]) == 1
    assert len(found["visits"]) == 1
    await follow(copy)
    assert (len(copy.visits), len(copy.events)) == (1, 5)


async def test_earlier_first_event_changes_start_of_visit(site: TestSite) -> None:
    await site.send(event(20), event(30))
    copy = await start(site)
    await site.send(event(5, utm_source="mail"))
    await follow(copy)
    ((id_, visit),) = copy.visits.items()
    assert (visit["visit_id"], visit["source"]) == (id_, "mail")


async def test_visits_merged_within_one_batch_were_never_stored(site: TestSite) -> None:
    copy = await start(site)
    await site.send(event(0), event(50), event(25))
    assert (await changes(site, copy.cursor))["gone"]["visits"] == []
    await follow(copy)


async def test_erased_person_is_gone_from_copy_and_log(site: TestSite) -> None:
    await site.send(event(0), event(50), event(0, "ben"))
    copy, behind = await start(site), await start(site)
    await site.send(event(20), event(100), event(100, "ben"))  # merges two visits of ann
    await follow(copy)
    await erase(site, "ann")
    for one in (copy, behind):
        await follow(one)
        assert len(one.events) == 2
    visitors = {int(row["visitor_id"]) for row in await listed(site, VISITS)}
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select visitor_id from raw_change where site_id = %s and visitor_id is not null",
            [await number_of(site)],
        )
        assert {visitor for (visitor,) in await cursor.fetchall()} == visitors


async def test_event_sent_again_after_erasure_is_in_copy(site: TestSite) -> None:
    first = event(0)
    await site.send(first)
    copy = await start(site)
    await erase(site, "ann")
    await site.send(first)
    for limit in (1, 1000):
        again = await start(site)
        again.cursor, again.events, again.visits = copy.cursor, {}, {}
        await again.follow(limit)
        await again.check()
        assert [id_ for id_, _ in again.events] == [first["id"]]


async def test_id_that_came_again_after_a_week_is_two_events(site: TestSite) -> None:
    id_ = str(uuid4())
    for days, visitor in ((20, "ann"), (0, "ben")):
        await site.send(event(-days * 24 * 60, visitor, id=id_))
    copy = await start(site)
    assert len(copy.events) == 2
    await erase(site, "ben")
    await follow(copy)
    assert len(copy.events) == 1


async def test_empty_cursor_is_refused(site: TestSite) -> None:
    assert is_refusal(await get(site, "/api/changes", since=""), "INVALID")


async def test_bot_is_gone_from_copy(site: TestSite) -> None:
    await site.send(event(0), event(0, "ben"))
    copy = await start(site)
    await name_bot(site, next(iter(copy.visits)))
    await follow(copy)
    assert len(copy.events) == 1


async def test_expired_rows_leave_copy_with_line(site: TestSite) -> None:
    await site.send(*(event(-weeks * 7 * 24 * 60) for weeks in range(5)))
    copy = await start(site)
    for is_removed in (False, True):
        await move_line(site, MONDAY - 2 * WEEK, is_removed=is_removed)
        await follow(copy)
        assert 0 < len(copy.events) < 5


async def test_line_that_moves_back_ends_older_cursors(site: TestSite) -> None:
    await site.send(*(event(-weeks * 7 * 24 * 60) for weeks in range(5)))
    copy = await start(site)
    await move_line(site, MONDAY - WEEK, is_removed=False)
    await copy.follow()
    assert await move_line_back(site) is not None
    assert is_refusal(await get(site, "/api/changes", since=copy.cursor), "EXPIRED")
    await copy.follow()
    await copy.check()
    assert len(copy.events) == 5


async def test_batch_larger_than_limit_is_told_in_parts(site: TestSite) -> None:
    await site.send(event(0), event(1, "ben"))
    copy = await start(site)
    await site.send(*(event(n, "ann") for n in range(2, 20)), *(event(n, "ben") for n in range(9)))
    parts = 0
    while True:
        found = await changes(site, copy.cursor, limit=4)
        assert len(found["events"]) <= 4
        copy.take_in(found)
        parts += 1
        if parts == 2:
            await site.send(event(500, "ann"), event(-20, "ben"))
        if not found["more"]:
            break
    assert parts >= 7
    await copy.check()


async def test_many_erased_events_are_told_in_parts(site: TestSite) -> None:
    """Ten thousand ids at most have one number."""
    copy = await start(site)
    site_id = await number_of(site)
    await site.send(event(0), event(0, "ben"))
    async with await site.database.connect() as connection:
        await connection.execute(
            "insert into event (visitor_id, time, site_id, visitor_number, id, visit_id, name)"
            " select visitor_id, time, site_id, visitor_number, gen_random_uuid(), visit_id, name"
            " from event, generate_series(1, 12000) where site_id = %s and visitor_number = 0",
            [site_id],
        )
    await copy.make(limit=10_000)
    erased = "ann" if len(copy.events) > 12_000 else "ben"
    cursor = copy.cursor
    for visitor in ("ann", "ben"):
        await erase(site, visitor)
    first = await changes(site, cursor)
    assert erased
    assert len(first["gone"]["events"]) <= 10_001
    await follow(copy)
    assert copy.events == {}


async def test_copy_is_equal_after_it_followed_many_writers(site: TestSite) -> None:
    copies = [await start(site) for _ in range(3)]
    is_over = asyncio.Event()

    async def write(visitor: str) -> None:
        for n in range(10):
            await site.send(*(event((n * 37 + k * 29) % 300, visitor) for k in range(3)))

    async def read(copy: Copy, limit: int) -> None:
        while not is_over.is_set():
            await copy.poll(limit)

    async def erase_one() -> None:
        for _ in range(4):
            await erase(site, "ben")

    readers = [
        asyncio.create_task(read(copy, limit))
        for copy, limit in zip(copies, (1, 5, 1000), strict=True)
    ]
    await asyncio.gather(*(write(visitor) for visitor in ("ann", "ben", "cem")), erase_one())
    is_over.set()
    await asyncio.gather(*readers)
    for copy in copies:
        await follow(copy)


VISITORS = ["ann", "ben", "cem"]

moments = st.builds(
    lambda day, step: -day * 24 * 60 + step * 15,
    st.sampled_from([0, 0, 0, 0, 0, 0, 6, 16]),
    st.integers(0, 11),
)
"""Minutes in a few hours, mostly of one day: visits grow, start earlier and merge."""

events = st.builds(
    lambda id_, minutes, visitor, kind: event(minutes, visitor, id=str(id_), **kind),
    st.one_of(st.uuids(version=4), st.uuids(version=4), st.builds(UUID, int=st.integers(1, 4))),
    moments,
    st.sampled_from(["ann", "ann", *VISITORS]),
    st.sampled_from(
        [
            *[{}] * 8,
            {"name": "engagement", "duration": 600},
            {"name": "Buy", "revenue": {"amount": 3, "currency": "EUR"}, "props": {"plan": "pro"}},
            {"user_id": "u1"},
            {"session_id": "s1"},
            {"session_id": "s2", "page": "/s"},
            {"user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"},
        ]
    ),
)

STEPS: dict[str, st.SearchStrategy[Any]] = {
    "send": st.lists(events, min_size=1, max_size=4),
    "again": st.integers(0, 30),
    "erase": st.sampled_from(VISITORS),
    "bot": st.integers(0, 5),
    "line": st.tuples(st.sampled_from([4, 2, 0]), st.booleans()),
    "wrong clock": st.sampled_from([1, 1000]),
    "prune": st.none(),
}
"""What may happen, with its details."""

names = st.sampled_from([*["send"] * 14, *STEPS, "wrong clock"])

steps = names.flatmap(
    lambda name: st.tuples(st.just(name), STEPS[name], st.sampled_from([None, 1, 2, 1000]))
)
"""A thing that happens, and with which limit a copy asks for changes afterwards, if it does."""


class Story:
    """A site with two copies: one that is brought up to date now and then, and one at the end."""

    def __init__(self, site: TestSite) -> None:
        self.site = site
        self.copies = [Copy(site), Copy(site)]
        self.sent: list[dict[str, Any]] = []
        self.line = MONDAY - 60 * WEEK

    async def step(self, name: str, value: Any) -> None:
        """One thing that happens."""
        match name:
            case "send":
                self.sent += value
                await self.send(*value)
            case "again" if self.sent:
                await self.send(self.sent[value % len(self.sent)])
            case "erase":
                await erase(self.site, value)
            case "bot":
                visits = await listed(self.site, VISITS)
                if visits:
                    await name_bot(self.site, visits[value % len(visits)]["visit_id"])
            case "line":
                weeks, is_removed = value
                self.line = max(self.line, MONDAY - weeks * WEEK)
                await move_line(self.site, self.line, is_removed=is_removed)
            case "wrong clock":
                await move_line(self.site, max(self.line, MONDAY), is_removed=False)
                await self.copies[0].poll(value)
                self.line = await move_line_back(self.site) or max(self.line, MONDAY)
            case "prune":
                await prune(self.site.database)

    async def send(self, *sent: dict[str, Any]) -> None:
        """Sends events, some of which may be behind the line."""
        body = [{"site": self.site.key, **one} for one in sent]
        answer = await self.site.client.post("/api/events", json=body, headers=self.site.admin)
        assert answer.status_code in (200, 201, 422), answer.text


@examples(8)
@given(history=st.lists(steps, min_size=8, max_size=25), limit=st.sampled_from([1, 3, 1000]))
async def test_copy_is_equal_after_any_history(client, admin, database, history, limit):
    story = Story(await fresh_site(client, admin, database))
    for copy in story.copies:
        await copy.make()
    for name, value, polled in history:
        await story.step(name, value)
        if polled is not None:
            await story.copies[0].poll(polled)
    for copy in story.copies:
        await copy.follow(limit)
        await copy.check()
