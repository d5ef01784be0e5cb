"""Alert rules: what is refused, when their conditions are met, and that each occurrence is told
once.

Events come by the front door. What is usual is computed here in plain Python."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from administering import Person, join, register
from api.alerts import deliver
from api.alerts import evaluate as evaluate_module
from api.alerts.deliver import Deliveries
from api.alerts.evaluate import evaluate_rules
from api.alerts.first_goals import notice_first_goals
from api.alerts.store import KEPT_DAYS, MOST_RULES, delete_old_occurrences
from api.alerts.windows import WEEKS, windows_at
from api.analytics.time.buckets import Interval
from api.db.database import Database
from api.submitted.receivers import Receivers
from api.submitted.routing import receivers_of
from api.submitted.webhooks import Webhooks
from conftest import TestSite, save_goal
from mailing import mailing, part
from oracle.forecasts import judged
from processes import free_port
from receiving import is_signed, receiving
from refusals import is_refusal
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - 2 * DAY
"""The start of the hour in which something happens."""

IN_IT = NOON + timedelta(minutes=40)
AFTER = NOON + HOUR + timedelta(minutes=6)

NOT_FOUND = {"name": "many", "kind": "not_found", "threshold": 2}


@pytest.fixture
async def editor(site: TestSite, database: Database) -> Person:
    """An editor of the site."""
    person = await register(site.client)
    await join(database, site.key, person, "editor")
    return person


@pytest.fixture(autouse=True)
async def nothing_else(database: Database) -> AsyncIterator[None]:
    """No rules of other tests."""
    yield
    await change(database, "delete from alert_rule")
    await change(database, "delete from goal")


async def make_rule(person: Person, site: TestSite, **rule: Any) -> dict[str, Any]:
    """A rule that has watched the site for a long time."""
    made = await person.ask("POST", f"/sites/{site.key}/alerts", json=rule)
    assert made.status_code == 201, made.text
    back = "update alert_rule set active_since = now() - interval '90 days' where id = %s"
    await change(site.database, back, made.json()["id"])
    return made.json()


async def look(database: Database, now: datetime = IN_IT) -> int:
    """One round of the job that looks at rules; how many occurrences are new."""
    async with await database.connect() as connection:
        return await evaluate_rules(connection, database, now)


async def occurrences(
    person: Person, site: TestSite, rule: dict[str, Any]
) -> list[tuple[datetime, float, float | None]]:
    """Start, value and usual value of each occurrence, oldest first."""
    path = f"/sites/{site.key}/alerts/{rule['id']}/occurrences"
    found = (await person.ask("GET", path)).json()
    return [
        (datetime.fromisoformat(row["starts_at"]), row["value"], row["expected"])
        for row in reversed(found)
    ]


async def told(person: Person) -> list[tuple[str, dict[str, Any]]]:
    """What the bell of a person has, oldest first."""
    rows = (await person.ask("GET", "/notifications")).json()["rows"]
    return [(row["kind"], row["data"]) for row in reversed(rows)]


async def visit(site: TestSite, start: datetime, number: int, mark: str = "") -> None:
    """So many visits of one page view in the hour that begins then."""
    events = [
        {
            "page": "/",
            "visitor_id": f"{start:%Y%m%d%H%M}-{mark}{count}",
            "time": (start + timedelta(seconds=count)).isoformat(),
        }
        for count in range(number)
    ]
    if events:
        await site.send(*events)


def problems(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    assert is_refusal(answer, "INVALID")
    return {problem["where"]: problem["problem"] for problem in answer.json()["problems"]}


class TestRefusals:
    @pytest.mark.parametrize(
        ("rule", "where"),
        [
            ({"kind": "nothing"}, {"kind"}),
            ({"threshold": 0}, {"threshold"}),
            ({"threshold": "many"}, {"threshold"}),
            ({"kind": "traffic_drop", "threshold": 101}, {"threshold"}),
            ({"kind": "anomaly", "threshold": 0.9}, {"threshold"}),
            ({"kind": "anomaly", "threshold": 101, "goal": "x"}, {"threshold", "goal"}),
            ({"kind": "goal_reached"}, {"goal"}),
            ({"kind": "goal_reached", "goal": "None", "currency": "EUR"}, {"goal", "currency"}),
            ({"kind": "revenue_below"}, {"currency"}),
            ({"kind": "revenue_below", "currency": "euro"}, {"currency"}),
            ({"goal": "x", "currency": "EUR"}, {"goal", "currency"}),
            ({"name": " "}, {"name"}),
            ({"per": "minute", "minimum": 0}, {"per", "minimum"}),
            ({"email_to": [1]}, {"email_to"}),
            ({"webhook": {"url": "http://127.0.0.1/"}, "goal": "x"}, {"webhook.url", "goal"}),
            ({"created_by": 1}, {"created_by"}),
        ],
    )
    async def test_rule_that_makes_no_sense_is_refused_with_all_that_is_wrong(
        self, editor: Person, site: TestSite, rule: dict[str, Any], where: set[str]
    ) -> None:
        asked = NOT_FOUND | rule
        answer = await editor.ask("POST", f"/sites/{site.key}/alerts", json=asked)
        assert problems(answer).keys() == where
        assert (await editor.ask("GET", f"/sites/{site.key}/alerts")).json() == []

    async def test_goal_that_site_lacks_is_refused_with_those_that_it_has(
        self, editor: Person, site: TestSite
    ) -> None:
        await save_goal(site, name="Order", event="order")
        asked = NOT_FOUND | {"kind": "goal_reached", "goal": "order"}
        answer = await editor.ask("POST", f"/sites/{site.key}/alerts", json=asked)
        (problem,) = answer.json()["problems"]
        assert (problem["where"], problem["allowed"]) == ("goal", ["Order"])

    async def test_name_that_is_taken_and_rule_too_many_are_refused(
        self, editor: Person, site: TestSite
    ) -> None:
        path = f"/sites/{site.key}/alerts"
        for number in range(MOST_RULES - 1):
            made = await editor.ask("POST", path, json=NOT_FOUND | {"name": f"n{number}"})
            assert made.status_code == 201
        assert (await editor.ask("POST", path, json=NOT_FOUND | {"name": "n1"})).status_code == 409
        for status in (201, 409):
            made = await editor.ask("POST", path, json=NOT_FOUND)
            assert made.status_code == status
        (first, *_) = (await editor.ask("GET", path)).json()
        renamed = await editor.ask("PATCH", f"{path}/{first['id']}", json={"name": "n3"})
        assert is_refusal(renamed, "CONFLICT")

    async def test_rule_of_another_site_is_unknown(self, editor: Person, site: TestSite) -> None:
        rule = await make_rule(editor, site, **NOT_FOUND)
        own = await editor.create()
        path = f"/sites/{own['key']}/alerts/{rule['id']}"
        for method, more in (("PATCH", {"json": {}}), ("DELETE", {})):
            assert (await editor.ask(method, path, **more)).status_code == 404
        assert (await editor.ask("GET", f"{path}/occurrences")).status_code == 404

    async def test_account_that_is_no_member_gets_no_e_mail(
        self, editor: Person, site: TestSite, app: FastAPI, settings: Settings
    ) -> None:
        stranger = await register(site.client)
        with mailing(app, settings):
            asked = NOT_FOUND | {"email_to": [editor.number, stranger.number, 2**60]}
            answer = await editor.ask("POST", f"/sites/{site.key}/alerts", json=asked)
        assert problems(answer).keys() == {"email_to.1", "email_to.2"}


class TestTraffic:
    async def test_spike_is_told_when_visits_exceed_median_of_weeks_before(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(
            editor, site, name="busy", kind="traffic_spike", threshold=100, minimum=3
        )
        weeks = [3, 1, 8, 4]
        for number, count in enumerate(weeks, 1):
            await visit(site, NOON - number * WEEK, count)
            await visit(site, NOON - number * WEEK + HOUR, 9)  # another hour
        await visit(site, NOON - 5 * WEEK, 50)
        least = 2 * median(weeks)
        await visit(site, NOON, int(least) - 1)
        assert await look(database) == 0
        await visit(site, NOON, 1, "one more ")
        assert await look(database) == 1
        await visit(site, NOON, 5, "and more ")
        assert [await look(database), await look(database, AFTER)] == [0, 0]
        assert await occurrences(editor, site, rule) == [(NOON, least, median(weeks))]

    async def test_spike_has_so_many_visits_at_least(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(
            editor, site, name="busy", kind="traffic_spike", threshold=50, minimum=4
        )
        await visit(site, NOON - WEEKS * WEEK, 1)
        for count, new in ((3, 0), (4, 1)):
            await visit(site, NOON, count)
            assert await look(database) == new
        assert await occurrences(editor, site, rule) == [(NOON, 4.0, 0.0)]

    async def test_site_without_two_weeks_before_has_nothing_usual(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        await make_rule(editor, site, name="busy", kind="traffic_spike", threshold=1, minimum=1)
        await visit(site, NOON - WEEK, 1)
        await visit(site, NOON, 5)
        assert await look(database) == 0
        await visit(site, NOON - 2 * WEEK, 1)
        assert await look(database) == 1

    async def test_drop_is_told_once_the_hour_is_over(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        drop = {"kind": "traffic_drop", "threshold": 50}
        rule = await make_rule(editor, site, name="quiet", minimum=4, **drop)
        larger = await make_rule(editor, site, name="too small", minimum=5, **drop)
        for number in range(1, WEEKS + 1):
            await visit(site, NOON - number * WEEK, 4)
        await visit(site, NOON, 2)
        assert [await look(database), await look(database, AFTER)] == [0, 1]
        assert await occurrences(editor, site, rule) == [(NOON, 2.0, 4.0)]
        assert await occurrences(editor, site, larger) == []

    async def test_hours_are_those_of_the_site(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        zone = "update site set timezone = 'Asia/Kolkata' where key = %s"
        await change(database, zone, site.key)
        rule = await make_rule(
            editor, site, name="busy", kind="traffic_spike", threshold=100, minimum=1
        )
        half = NOON + timedelta(minutes=30)
        for number in range(1, WEEKS + 1):
            await visit(site, half - number * WEEK, 2)
            await visit(site, NOON - number * WEEK, 9)
        await visit(site, half, 4)
        assert await look(database, half + timedelta(minutes=40)) == 1
        assert await occurrences(editor, site, rule) == [(half, 4.0, 2.0)]


DAYS = 8 * 7
"""How many days are known before the one that is judged."""
TOO_LATE = NOON.replace(hour=0) + DAY + timedelta(minutes=6)
"""When the day of NOON is judged."""

UNUSUAL = {"name": "unusual", "kind": "anomaly", "threshold": 4, "per": "day", "minimum": 1}


async def live_through(site: TestSite, counts: list[int]) -> dict[str, float]:
    """Visits at noon of so many days, the last of which is that of NOON; and how the oracle judges
    this one."""
    begin = NOON - (len(counts) - 1) * DAY
    days = [begin + number * DAY for number in range(len(counts))]
    for day, count in zip(days, counts, strict=True):
        await visit(site, day, count)
    judgement = judged(counts, [day.weekday() for day in days], 7, 8)[-1]
    assert judgement
    return judgement


class TestAnomalies:
    async def test_threshold_that_is_no_score_is_refused_when_rule_is_changed(
        self, editor: Person, site: TestSite
    ) -> None:
        rule = await make_rule(editor, site, **UNUSUAL)
        path = f"/sites/{site.key}/alerts/{rule['id']}"
        for threshold, status in ((0.5, 422), (100.5, 422), (100, 200)):
            asked = {"threshold": threshold}
            assert (await editor.ask("PATCH", path, json=asked)).status_code == status

    @pytest.mark.parametrize(("count", "is_above"), [(30, True), (0, False)])
    async def test_day_is_told_once_it_is_over_with_what_oracle_finds(
        self, editor: Person, site: TestSite, database: Database, count: int, is_above: bool
    ) -> None:
        rng = Random(9)
        told = await live_through(site, [*(rng.randrange(9, 14) for _ in range(DAYS)), count])
        score = abs(told["score"])
        assert (told["score"] > 0) == is_above
        under, above = [
            await make_rule(editor, site, **UNUSUAL | {"name": str(by), "threshold": score + by})
            for by in (-0.01, 0.01)
        ]
        early = TOO_LATE - timedelta(minutes=2)
        assert [await look(database, now) for now in (early, TOO_LATE, TOO_LATE)] == [0, 1, 0]
        midnight = NOON.replace(hour=0)
        assert await occurrences(editor, site, under) == [(midnight, count, told["expected"])]
        assert await occurrences(editor, site, above) == []

    async def test_hour_is_judged_by_the_hour_of_the_week(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(editor, site, **UNUSUAL | {"per": "hour", "minimum": 20})
        larger = {"name": "larger", "per": "hour", "minimum": 21}
        await make_rule(editor, site, **UNUSUAL | larger)
        for number in range(1, 5):
            await visit(site, NOON - number * WEEK, 2)
            await visit(site, NOON - number * WEEK + HOUR, 20)
        await visit(site, NOON, 20)
        await visit(site, NOON + HOUR, 20)
        assert [await look(database, AFTER), await look(database, AFTER + HOUR)] == [1, 0]
        assert await occurrences(editor, site, rule) == [(NOON, 20.0, 2.0)]

    async def test_site_without_three_weeks_before_is_not_judged(
        self, editor: Person, site: TestSite, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        rule = await make_rule(editor, site, **UNUSUAL)
        await visit(site, NOON - 2 * WEEK, 1)
        await visit(site, NOON, 50)
        assert await look(database, TOO_LATE) == 0
        assert "was not looked at" not in caplog.text
        await visit(site, NOON - 3 * WEEK, 1)
        assert await look(database, TOO_LATE) == 1
        assert await occurrences(editor, site, rule) == [(NOON.replace(hour=0), 50.0, 1.0)]


ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")


class TestWindows:
    @limits(deadline=None)
    @given(
        st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
        st.sampled_from((Interval.HOUR, Interval.DAY)),
        st.sampled_from(ZONES),
    )
    def test_windows_join_and_weeks_before_have_the_same_local_time(
        self, now: datetime, interval: Interval, name: str
    ) -> None:
        zone = ZoneInfo(name)
        before, current = windows_at(now.replace(tzinfo=UTC), interval, zone)
        assert before.start < before.end == current.start <= now.replace(tzinfo=UTC) < current.end
        earlier = before.weeks_before(zone)
        assert len(earlier) == WEEKS
        for number, window in enumerate(earlier, 1):
            wanted = wall(before.start, zone) - number * WEEK
            assert wall(wanted.replace(tzinfo=zone), zone) != wanted or (
                wall(window.start, zone) == wanted
            )


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows."""
    return moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None)


class TestCounts:
    async def test_pages_not_found_are_counted_by_hour_and_day(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        by_hour = await make_rule(editor, site, name="hour", kind="not_found", threshold=3)
        by_day = await make_rule(editor, site, name="day", kind="not_found", threshold=5, per="day")
        lost = {"name": "404", "page": "/gone", "visitor_id": "ann"}
        for minutes in (-500, -60, -1, 0, 1, 59, 60):
            at = NOON + timedelta(minutes=minutes)
            await site.send(lost | {"time": at.isoformat()})
        assert await look(database, AFTER - timedelta(minutes=30)) == 2
        assert await occurrences(editor, site, by_hour) == [(NOON, 3.0, None)]
        day = NOON.replace(hour=0)
        assert await occurrences(editor, site, by_day) == [(day, 7.0, None)]

    async def test_conversions_of_goal_are_counted(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        await save_goal(site, name="Blog", page="/blog/*")
        rule = await make_rule(
            editor, site, name="read", kind="goal_reached", threshold=2, goal="Blog"
        )
        for page in ("/blog/a", "/", "/blog", "/blog/b"):
            assert await look(database) == 0
            await site.send({"page": page, "visitor_id": "ann", "time": NOON.isoformat()})
        assert await look(database) == 1
        assert await occurrences(editor, site, rule) == [(NOON, 2.0, None)]

    async def test_revenue_of_its_currency_is_added_up(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        day = {"per": "day", "currency": "EUR"}
        above = await make_rule(editor, site, name="a", kind="revenue_above", threshold=30.3, **day)
        below = await make_rule(
            editor, site, name="b", kind="revenue_below", threshold=30.31, **day
        )
        since = "update alert_rule set active_since = %s where id = %s"
        await change(database, since, NOON.replace(hour=0), below["id"])
        for amount, currency in ((10.1, "EUR"), (1000, "USD"), (20.2, "EUR")):
            assert await look(database) == 0
            order = {"name": "order", "visitor_id": "ann", "time": NOON.isoformat()}
            await site.send(order | {"revenue": {"amount": amount, "currency": currency}})
        assert await look(database) == 1
        midnight = NOON.replace(hour=0)
        early = midnight + DAY + timedelta(minutes=4)
        assert [await look(database, early), await look(database, early + HOUR)] == [0, 1]
        assert await occurrences(editor, site, above) == [(midnight, 30.3, None)]
        assert await occurrences(editor, site, below) == [(midnight, 30.3, None)]


async def lose(site: TestSite, number: int = 2) -> None:
    """Opens pages that there are not."""
    lost = {"name": "404", "page": "/gone", "visitor_id": "ann", "time": NOON.isoformat()}
    await site.send(*[lost] * number)


class TestOccurrences:
    async def test_two_processes_tell_once(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(editor, site, **NOT_FOUND)
        await lose(site)
        assert sum(await asyncio.gather(*(look(database) for _ in range(6)))) == 1
        assert len(await occurrences(editor, site, rule)) == 1
        assert len(await told(editor)) == 1

    async def test_process_that_ends_in_between_tells_nothing_and_the_next_one_all(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        rule = await make_rule(editor, site, **NOT_FOUND)
        await lose(site)

        async def die(connection: Any, *_: Any) -> None:
            await connection.close()
            raise ConnectionError

        with monkeypatch.context() as patch:
            patch.setattr(evaluate_module, "notify", die)
            with pytest.raises(ConnectionError):
                await look(database)
        assert await occurrences(editor, site, rule) == []
        assert await look(database) == 1
        assert len(await occurrences(editor, site, rule)) == 1
        assert len(await told(editor)) == 1

    async def test_editors_are_notified_and_viewers_are_not(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        viewer, owner = await register(site.client), await register(site.client)
        await join(database, site.key, viewer, "viewer")
        await join(database, site.key, owner, "owner")
        await make_rule(editor, site, **NOT_FOUND)
        await make_rule(editor, site, **NOT_FOUND | {"name": "silent", "tells_editors": False})
        await lose(site)
        assert await look(database) == 2
        data = {"name": "many", "kind": "not_found", "value": 2.0, "expected": None}
        for person in (editor, owner):
            assert await told(person) == [("alert_fired", data)]
        assert await told(viewer) == []

    async def test_rule_that_is_off_or_was_changed_does_not_tell_what_was_before(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(editor, site, **NOT_FOUND)
        await lose(site)
        path = f"/sites/{site.key}/alerts/{rule['id']}"
        off = await editor.ask("PATCH", path, json={"is_active": False})
        assert off.json()["is_active"] is False
        assert await look(database) == 0
        on = await editor.ask("PATCH", path, json={"is_active": True, "threshold": 1})
        expected = {**rule, "threshold": 1.0}
        del expected["webhook_secret"]
        assert on.json() == expected
        assert await look(database) == 0

    async def test_old_occurrences_are_deleted(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        rule = await make_rule(editor, site, **NOT_FOUND)
        await lose(site)
        await look(database)
        old = "update alert_occurrence set fired_at = now() - interval '366 days'"
        await change(database, old)
        async with await database.connect() as connection:
            await delete_old_occurrences(connection, datetime.now(UTC) - KEPT_DAYS * DAY)
        assert await occurrences(editor, site, rule) == []


async def send_due(database: Database, settings: Settings, *allowed: str) -> None:
    """Sends the messages that are due."""
    deliveries = Deliveries(settings, Webhooks(settings, Receivers(allowed)))
    async with await database.connect() as connection:
        while await deliveries.send_due(connection):
            pass


async def make_due(database: Database) -> None:
    """Lets the time pass until messages are sent again."""
    later = "update alert_delivery set next_call_at = now() where next_call_at is not null"
    await change(database, later)


class TestDelivery:
    async def test_webhook_is_called_until_it_takes_the_message_and_never_again(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        app: FastAPI,
        settings: Settings,
    ) -> None:
        async with receiving("503 Later", "200 OK") as receiver:
            app.dependency_overrides[receivers_of] = lambda: Receivers([receiver.host])
            hook = {"webhook": {"url": receiver.url}}
            rule = await make_rule(editor, site, **NOT_FOUND | hook)
            app.dependency_overrides.pop(receivers_of)
            await lose(site)
            await look(database)
            for _ in range(4):
                await send_due(database, settings, receiver.host)
                await make_due(database)
        first, second = receiver.received
        assert (first.body, first.headers["webhook-id"]) == (
            second.body,
            second.headers["webhook-id"],
        )
        assert is_signed(rule["webhook_secret"], first)
        path = f"/sites/{site.key}/alerts/{rule['id']}/occurrences"
        (found,) = (await editor.ask("GET", path)).json()
        assert first.message == {
            "type": "alert.fired",
            "timestamp": found["fired_at"],
            "data": {
                "id": found["id"],
                "rule": {
                    "id": rule["id"],
                    "name": "many",
                    "kind": "not_found",
                    "threshold": 2.0,
                    "per": "hour",
                    "goal": None,
                    "currency": None,
                },
                "site": site.key,
                "starts_at": found["starts_at"],
                "ends_at": found["ends_at"],
                "value": 2.0,
                "expected": None,
                "page": f"{settings.address}/?site={site.key}&period=today",
            },
        }
        (delivery,) = found["deliveries"]
        assert (delivery["calls"], delivery["next_call_at"]) == (2, None)
        assert delivery["delivered_at"]

    async def test_messages_of_one_site_do_not_keep_those_of_another_waiting(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        app: FastAPI,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(deliver, "MOST_AT_ONCE", 2)
        other = (await editor.create())["key"]
        async with receiving() as receiver:
            app.dependency_overrides[receivers_of] = lambda: Receivers([receiver.host])
            hook = {"webhook": {"url": receiver.url}}
            for name in ("1", "2", "3"):
                await make_rule(editor, site, **NOT_FOUND | hook | {"name": name})
            path = f"/sites/{other}/alerts"
            made = await editor.ask("POST", path, json=NOT_FOUND | hook | {"name": "4"})
            assert made.status_code == 201
            app.dependency_overrides.pop(receivers_of)
            await change(
                database,
                "with fired as (insert into alert_occurrence (rule_id, starts_at, ends_at, value)"
                " select id, now() - interval '1 hour', now(), 1 from alert_rule order by id"
                " returning id) insert into alert_delivery (occurrence_id, next_call_at)"
                " select id, now() from fired order by id",
            )
            deliveries = Deliveries(settings, Webhooks(settings, Receivers([receiver.host])))
            async with await database.connect() as connection:
                assert await deliveries.send_due(connection) == 2
        told = [received.message["data"]["rule"]["name"] for received in receiver.received]
        assert sorted(told) == ["1", "4"]

    async def test_members_get_e_mail_as_long_as_they_are_members(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        app: FastAPI,
        settings: Settings,
    ) -> None:
        viewer, gone = await register(site.client), await register(site.client)
        for person in (viewer, gone):
            await join(database, site.key, person, "viewer")
        await change(database, "update site set name = E'Shop\\nBcc: x' where key = %s", site.key)
        with mailing(app, settings) as (own, received):
            await make_rule(editor, site, **NOT_FOUND | {"email_to": [viewer.number, gone.number]})
            await change(database, "delete from membership where user_id = %s", gone.number)
            await gone.create()
            await lose(site)
            await look(database)
            for _ in range(2):
                await send_due(database, own)
                await make_due(database)
        (message,) = received
        assert (message["to"], message["from"]) == (viewer.email, own.smtp_from)
        assert message["subject"] == "many (Shop Bcc: x)"
        assert message["message-id"].endswith("@shop.example>")
        text = part(message)
        assert text.startswith("Shop Bcc: x: 2 pages not found")
        assert f"From {NOON:%Y-%m-%d %H:%M} to {NOON + HOUR:%Y-%m-%d %H:%M} (UTC)" in text
        assert f"{own.address}/?site={site.key}&period=today" in text

    async def test_server_that_is_away_gets_the_same_message_later(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        app: FastAPI,
        settings: Settings,
    ) -> None:
        with mailing(app, settings) as (own, received):
            await make_rule(editor, site, **NOT_FOUND | {"email_to": [editor.number]})
            await lose(site)
            await look(database)
            away = own.model_copy(update={"smtp_port": free_port()})
            await send_due(database, away)
            assert received == []
            await make_due(database)
            await send_due(database, own)
            assert [message["to"] for message in received] == [editor.email]


class TestFirstGoals:
    async def test_editors_are_told_once_when_goal_is_reached_first(
        self, editor: Person, site: TestSite, database: Database
    ) -> None:
        order = {"name": "order", "visitor_id": "ann"}
        await site.send(order | {"time": (datetime.now(UTC) - HOUR).isoformat()})
        await save_goal(site, name="Order", event="order")
        await save_goal(site, name="Signup", event="signup")

        async def notice() -> int:
            async with await database.connect() as connection:
                return await notice_first_goals(connection, datetime.now(UTC))

        assert await notice() == 0  # it was reached before it was saved
        await site.send(order)
        assert sum(await asyncio.gather(*(notice() for _ in range(4)))) == 1
        await site.send(order)
        assert await notice() == 0
        assert await told(editor) == [("goal_reached", {"goal": "Order"})]
