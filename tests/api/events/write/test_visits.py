"""Which events make one visit, and what is true of it. Everything goes through the front door."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

NOON = datetime(2025, 3, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
IDS = "00000000-0000-4000-8000-{:012}"

Body = dict[str, Any]


def event_id(number: int) -> str:
    """Ids whose order is that of the numbers."""
    return str(UUID(IDS.format(number)))


def event(number: int, minutes: float, page: str = "/", **more: Any) -> Body:
    """An event so many minutes after noon, of the one visitor unless told otherwise."""
    time = NOON + timedelta(minutes=minutes)
    return {
        "id": event_id(number),
        "time": time.isoformat(),
        "visitor_id": "ann",
        "page": page,
        **more,
    }


def engagement(number: int, minutes: float, seconds: float, page: str = "/") -> Body:
    """Seconds of engagement with a page that were over so many minutes after noon."""
    return event(number, minutes, page, name="engagement", duration=seconds)


async def visits(site: Any, start: datetime = NOON - 2 * DAY, days: int = 4) -> list[Body]:
    """The visits of the days around, the earliest first."""
    span = {"from": start.isoformat(), "to": (start + days * DAY).isoformat()}
    answer = await site.ask("sessions", limit=1000, **span)
    assert answer["totals"]["visits"] == len(answer["rows"])
    return answer["rows"][::-1]


async def the_visit(site: Any, **span: Any) -> Body:
    """The only visit there is."""
    found = await visits(site, **span)
    assert len(found) == 1, found
    return found[0]


async def visit_ids(site: Any, *numbers: int) -> list[str]:
    """The visits to which stored events say that they belong."""
    found = []
    for number in numbers:
        path = f"/api/events/{event_id(number)}"
        answer = await site.client.get(path, params={"site": site.key})
        assert answer.status_code == 200, answer.text
        found.append(answer.json()["visit_id"])
    return found


def instant(text: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(text)


async def test_entry_and_exit_page_are_ordered_by_time(site):
    await site.send(event(3, 0, "/m"), event(2, 1, "/a"), event(1, 2, "/z"), event(4, 3, "/k"))
    visit = await the_visit(site)
    assert (visit["entry_page"], visit["exit_page"]) == ("/m", "/k")
    assert visit["path"] == ["/m", "/a", "/z", "/k"]


async def test_entry_and_exit_page_are_page_views_among_other_events(site):
    await site.send(
        event(1, 0, "/before", name="hello"),
        event(2, 1, "/first"),
        event(3, 2, "/last"),
        event(4, 3, "/after", name="bye"),
        engagement(5, 4, 10, "/even-later"),
    )
    visit = await the_visit(site)
    assert (visit["entry_page"], visit["exit_page"]) == ("/first", "/last")
    assert visit["path"] == ["/first", "/last"]
    assert visit["duration_seconds"] == 240


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
async def test_simultaneous_events_are_ordered_by_id(site, order):
    for number in order:
        page = f"/{number}"
        await site.send(event(number, 0, page, utm_source=f"source-{number}", screen=page))
    visit = await the_visit(site)
    assert visit["path"] == ["/1", "/2", "/3"]
    assert (visit["entry_page"], visit["exit_page"]) == ("/1", "/3")
    assert visit["source"].lower() == "source-1"
    assert visit["duration_seconds"] == 0


async def test_single_page_view_is_bounce(site):
    await site.send(event(1, 0), engagement(2, 1, 60))
    visit = await the_visit(site)
    assert visit["is_bounce"] is True


async def test_two_views_of_one_page_are_no_bounce(site):
    await site.send(event(1, 0), event(2, 0))
    assert (await the_visit(site))["is_bounce"] is False


@pytest.mark.parametrize(("interactive", "bounce"), [(True, False), (False, True)])
async def test_interactive_custom_event_prevents_bounce(site, interactive, bounce):
    await site.send(event(1, 0))
    await site.send(event(2, 1, name="signup", interactive=interactive))
    visit = await the_visit(site)
    assert visit["is_bounce"] is bounce


async def test_visit_without_page_view_is_no_bounce_and_not_in_rate(site):
    await site.send(event(1, 0, name="signup"), event(2, 0, visitor_id="bob"))
    span = {"from": (NOON - DAY).isoformat(), "to": (NOON + DAY).isoformat()}
    answer = await site.ask("sessions", **span)
    assert sorted(row["is_bounce"] for row in answer["rows"]) == [False, True]
    assert answer["totals"]["visits"] == 2
    assert answer["totals"]["bounce_rate"] == 1


@pytest.mark.parametrize(
    ("seconds", "count"), [(1799.999, 1), (1800, 1), (1800.000001, 2), (1801, 2)]
)
@pytest.mark.parametrize("reverse", [False, True])
async def test_gap_of_exactly_30_minutes_does_not_end_visit(site, seconds, count, reverse):
    batch = [event(1, 0), event(2, seconds / 60)]
    for one in batch[::-1] if reverse else batch:
        await site.send(one)
    assert len(await visits(site)) == count


async def test_visit_continues_across_midnight(site):
    minutes = 12 * 60
    await site.send(event(1, minutes - 10, "/yesterday"))
    await site.send(event(2, minutes, "/midnight"), event(3, minutes + 10, "/today"))
    visit = await the_visit(site)
    assert visit["path"] == ["/yesterday", "/midnight", "/today"]
    assert visit["duration_seconds"] == 1200


@pytest.mark.parametrize(
    "shift",
    [datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)],
    ids=["spring", "autumn"],
)
async def test_visit_continues_across_clock_change(site, shift):
    minutes = (shift - NOON) / timedelta(minutes=1)
    for number, late in enumerate((20, -20, 0)):
        await site.send(event(number, minutes + late))
    visit = await the_visit(site, start=shift - DAY, days=2)
    assert visit["duration_seconds"] == 2400
    assert instant(visit["started"]) == shift - timedelta(minutes=20)


async def test_gap_across_repeated_hour_ends_visit(site):
    shift = datetime(2025, 10, 26, 0, 50, tzinfo=UTC)
    minutes = (shift - NOON) / timedelta(minutes=1)
    await site.send(event(1, minutes), event(2, minutes + 60))
    assert len(await visits(site, start=shift - DAY, days=2)) == 2


async def test_late_event_joins_its_visit(site):
    await site.send(event(1, 0, "/a"), event(2, 20, "/c"))
    await site.send(event(3, 10, "/b"))
    visit = await the_visit(site)
    assert visit["path"] == ["/a", "/b", "/c"]
    assert visit["pageviews"] == 3
    assert len(set(await visit_ids(site, 1, 2, 3))) == 1


async def test_late_last_event_replaces_exit_page_and_end(site):
    await site.send(event(1, 0, "/a"))
    await site.send(event(2, 25, "/b"))
    visit = await the_visit(site)
    assert (visit["exit_page"], visit["duration_seconds"]) == ("/b", 1500)


async def test_late_first_event_replaces_entry_page_and_source(site):
    await site.send(event(1, 0, "/second", utm_source="beta", screen="2x2"))
    await site.send(event(2, -5, "/first", utm_source="alpha", screen="1x1"))
    visit = await the_visit(site)
    assert (visit["entry_page"], visit["exit_page"]) == ("/first", "/second")
    assert visit["source"].lower() == "alpha"
    assert instant(visit["started"]) == NOON - timedelta(minutes=5)
    span = {"from": (NOON - DAY).isoformat(), "to": (NOON + DAY).isoformat()}
    screens = await site.ask("devices", dimension="screen", **span)
    assert [(row["screen"], row["visits"]) for row in screens["rows"]] == [("1x1", 1)]


async def test_late_first_custom_event_replaces_source_and_no_page(site):
    await site.send(event(1, 0, "/first", utm_source="beta"))
    await site.send(event(2, -5, "/elsewhere", name="hello", utm_source="alpha"))
    visit = await the_visit(site)
    assert visit["entry_page"] == "/first"
    assert visit["source"].lower() == "alpha"


async def test_late_first_event_without_source_makes_visit_direct(site):
    await site.send(event(1, 0, utm_source="beta"))
    await site.send(event(2, -5))
    assert (await the_visit(site))["source"] == ""


async def test_late_event_that_bridges_two_visits_merges_them(site):
    await site.send(event(1, 0, "/a", utm_source="alpha"), event(2, 5, "/b"))
    await site.send(event(3, 50, "/d", utm_source="beta"), event(4, 55, "/e"))
    before = await visit_ids(site, 1, 2, 3, 4)
    assert before[0] == before[1] != before[2] == before[3]
    assert len(await visits(site)) == 2
    await site.send(event(5, 28, "/c"))
    visit = await the_visit(site)
    assert visit["path"] == ["/a", "/b", "/c", "/d", "/e"]
    assert visit["source"].lower() == "alpha"
    assert visit["duration_seconds"] == 55 * 60
    assert set(await visit_ids(site, 1, 2, 3, 4, 5)) == {visit["visit_id"]}


async def test_late_events_that_bridge_many_visits_in_one_batch_merge_them(site):
    await site.send(*(event(n, 60 * n, f"/{n}") for n in range(6)))
    assert len(await visits(site)) == 6
    await site.send(*(event(10 + n, 60 * n + 30, f"/{n}-") for n in range(4)))
    found = await visits(site)
    assert [len(visit["path"]) for visit in found] == [9, 1]
    ids = await visit_ids(site, 0, 1, 2, 3, 4, 10, 11, 12, 13)
    assert set(ids) == {found[0]["visit_id"]}
    assert await visit_ids(site, 5) == [found[1]["visit_id"]]


async def test_event_of_other_visitor_merges_nothing(site):
    await site.send(event(1, 0), event(2, 50))
    await site.send(event(3, 25, visitor_id="bob"))
    assert len(await visits(site)) == 3


async def test_engagement_that_continues_visit_starts_no_other(site):
    await site.send(event(1, 0, "/a"))
    await site.send(engagement(2, 60, 30 * 60, "/a"))
    visit = await the_visit(site)
    assert visit["duration_seconds"] == 3600
    assert visit["pageviews"] == 1
    assert len(set(await visit_ids(site, 1, 2))) == 1


async def test_engagement_that_began_after_30_minutes_is_in_no_visit(site):
    await site.send(event(1, 0, "/a"))
    await site.send(engagement(2, 60, 29 * 60, "/a"))
    visit = await the_visit(site)
    assert (visit["pageviews"], visit["duration_seconds"]) == (1, 0)
    assert await visit_ids(site, 1, 2) == [visit["visit_id"], None]


async def test_engagement_before_its_page_view_joins_it(site):
    await site.send(engagement(2, 60, 30 * 60, "/a"))
    await site.send(event(1, 0, "/a"))
    visit = await the_visit(site)
    assert (visit["entry_page"], visit["duration_seconds"]) == ("/a", 3600)


async def test_page_hidden_for_hours_and_read_again_is_one_visit(site):
    """It counts for its page and in no other number."""
    await site.send(event(1, 0, "/a", referrer="https://www.google.com/"))
    for number in (2, 3, 4):
        await site.send(engagement(number, 120 * number, 2.5, "/a"))
    visit = await the_visit(site)
    assert (visit["pageviews"], visit["duration_seconds"], visit["is_bounce"]) == (1, 0, True)
    span = {"from": (NOON - DAY).isoformat(), "to": (NOON + DAY).isoformat()}
    (row,) = (await site.ask("pages", **span))["rows"]
    assert (row["pageviews"], row["visitors"], row["engaged_seconds"]) == (1, 1, 7.5)


async def test_engagement_of_other_visitor_is_no_visit_and_no_visitor(site):
    await site.send(event(1, 0, "/a"), engagement(2, 1, 10, "/a"))
    await site.send(engagement(3, 2, 10, "/a") | {"visitor_id": "ann at another address"})
    span = {"from": (NOON - DAY).isoformat(), "to": (NOON + DAY).isoformat()}
    totals = (await site.ask("sessions", **span))["totals"]
    assert (totals["visits"], totals["visitors"]) == (1, 1)


async def test_single_engagement_is_accepted_without_visit(site, admin, client):
    answer = await client.post(
        "/api/events/", json=engagement(1, 0, 10, "/a") | {"site": site.key}, headers=admin
    )
    assert (answer.status_code, answer.json()["visit_id"]) == (201, None)
    assert await visits(site) == []


@pytest.mark.parametrize("with_session", [False, True])
async def test_visit_begins_with_first_action_in_any_order_of_arrival(site, with_session):
    """Engagement before it links what comes before, and is in no visit itself."""
    happened = [
        engagement(1, -50, 60),
        event(2, -30, "/a", name="signup", utm_source="beta"),
        engagement(3, -25, 60),
        event(4, -5, "/b", utm_source="alpha"),
        engagement(5, 20, 60),
    ]
    orders = list(permutations(happened))
    for told in zip(*orders, strict=True):  # of each visitor an event, in the visitor's own order
        await site.send(*(of_visitor(n, one, with_session) for n, one in enumerate(told)))
    found = await visits(site)
    assert len(found) == len(orders)
    assert {visit["source"].lower() for visit in found} == {"beta"}
    assert {instant(visit["started"]) for visit in found} == {NOON - timedelta(minutes=30)}
    assert {visit["duration_seconds"] for visit in found} == {50 * 60}
    assert {tuple(visit["path"]) for visit in found} == {("/b",)}
    assert len({visit["visit_id"] for visit in found}) == len(orders)
    assert await visit_ids(site, 1) == [None]
    assert len(set(await visit_ids(site, 2, 3, 4, 5))) == 1


def of_visitor(number: int, told: Body, with_session: bool) -> Body:
    """The same event of another visitor, with an id of its own."""
    own = UUID(told["id"]).int + 100 * number
    session = {"session_id": f"s{number}"} if with_session else {}
    return {**told, "id": str(UUID(int=own)), "visitor_id": f"visitor {number}", **session}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)])
async def test_engagement_merges_visits_it_covers_in_any_order_of_arrival(site, order):
    batch = {1: event(1, 0, "/a"), 2: event(2, 60, "/b"), 3: engagement(3, 61, 50 * 60, "/b")}
    for number in order:
        await site.send(batch[number])
    visit = await the_visit(site)
    assert visit["path"] == ["/a", "/b"]
    assert visit["duration_seconds"] == 3660


async def test_duration_of_last_page_view_extends_visit(site):
    await site.send(event(1, 0, duration=3000), event(2, 10, duration=90))
    assert (await the_visit(site))["duration_seconds"] == 690


async def test_duration_of_page_view_does_not_shorten_gap_after_it(site):
    await site.send(event(1, 0, duration=1200), event(2, 40))
    assert len(await visits(site)) == 2


async def test_longest_of_simultaneous_last_events_ends_visit(site):
    await site.send(event(1, 0, duration=90), event(2, 0, duration=10))
    assert (await the_visit(site))["duration_seconds"] == 90


async def test_session_id_alone_decides_visit(site):
    await site.send(event(1, 0, "/a", session_id="s"))
    await site.send(event(2, 300, "/b", session_id="s"))
    await site.send(event(3, 310, "/c", session_id="t"), event(4, 312, "/d"))
    found = await visits(site)
    assert [visit["path"] for visit in found] == [["/a", "/b"], ["/c"], ["/d"]]
    assert [visit["session_id"] for visit in found] == ["s", "t", None]


async def test_late_event_joins_visit_of_its_session_id(site):
    await site.send(event(1, 0, "/b", session_id="s", utm_source="beta"))
    await site.send(event(2, -300, "/a", session_id="s", utm_source="alpha"))
    visit = await the_visit(site)
    assert (visit["entry_page"], visit["exit_page"]) == ("/a", "/b")
    assert visit["source"].lower() == "alpha"
    assert visit["duration_seconds"] == 18000


async def test_visit_of_session_has_number_of_its_visitor_after_engagement_of_other(site):
    await site.send(event(1, -90, visitor_id="bob"))
    await site.send(engagement(2, 0, 5) | {"visitor_id": "bob", "session_id": "s"})
    await site.send(event(3, 1, session_id="s"))
    assert len(await visits(site)) == 2
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select v.visitor_number, u.number from visit v join site on site.id = v.site_id"
            " join visitor u on u.site_id = v.site_id and u.id = v.visitor_id"
            " where site.key = %s order by v.started",
            [site.key],
        )
        assert await cursor.fetchall() == [(0, 0), (1, 1)]


async def test_same_session_id_on_other_site_is_other_visit(site, admin, client):
    await site.send(event(1, 0, session_id="s"))
    body = {**event(1, 0, session_id="s"), "site": "default"}
    await client.post("/api/events/", json=[body], headers=admin)
    assert (await the_visit(site))["pageviews"] == 1


async def test_repeated_id_in_batch_counts_once_and_first_wins(site):
    report = await site.send(
        event(1, 0, "/first", visitor_id="ann", utm_source="alpha"),
        event(1, 7, "/second", visitor_id="bob", name="signup", utm_source="beta"),
        event(1, 500, "/third", visitor_id="ann", session_id="s"),
    )
    assert (report["accepted"], report["duplicate"], report["rejected"]) == (1, 2, [])
    visit = await the_visit(site)
    assert (visit["path"], visit["source"].lower()) == (["/first"], "alpha")
    assert instant(visit["started"]) == NOON


async def test_repeated_id_across_batches_counts_once_and_first_wins(site):
    await site.send(event(1, 0, "/first"), event(2, 10, "/other"))
    for again in (
        event(1, 0, "/first"),
        event(1, 5, "/second"),
        event(1, -700, "/third", visitor_id="bob"),
        event(1, 6 * 24 * 60, "/fourth", session_id="s"),
    ):
        report = await site.send(again)
        assert (report["accepted"], report["duplicate"]) == (0, 1)
    visit = await the_visit(site, days=20)
    assert visit["path"] == ["/first", "/other"]
    assert instant(visit["started"]) == NOON


async def test_duplicate_does_not_affect_rest_of_batch(site):
    await site.send(event(1, 0, "/a"))
    report = await site.send(event(2, 1, "/b"), event(1, 2, "/x"), event(3, 3, "/c"))
    assert (report["accepted"], report["duplicate"]) == (2, 1)
    assert (await the_visit(site))["path"] == ["/a", "/b", "/c"]


async def test_earlier_batch_may_arrive_later(site):
    late = [event(n, n, f"/{n}") for n in range(10, 20)]
    early = [event(n, n, f"/{n}", utm_source="alpha") for n in range(10)]
    await site.send(*late[::-1])
    await site.send(*early[::-1])
    visit = await the_visit(site)
    assert visit["path"] == [f"/{n}" for n in range(20)]
    assert visit["source"].lower() == "alpha"
    assert len(set(await visit_ids(site, *range(20)))) == 1
