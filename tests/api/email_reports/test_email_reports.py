"""Reports by e-mail: who gets them, once for each week and month, with the numbers of the API, and
how they are ended."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from administering import Person, join, register
from api.db.database import Database
from api.email_reports.models import Every
from api.email_reports.periods import FIRST_HOUR, last_period, period_before
from api.email_reports.send import Reports, add_due
from api.email_reports.store import MOST_REPORTS
from conftest import TestSite, save_goal
from mailing import mailing, parsed, part
from processes import free_port
from refusals import is_refusal
from settings import Settings
from submitting import change

pytestmark = pytest.mark.any_engine

DAY = timedelta(days=1)

TODAY = datetime.now(UTC).date()
MONDAY = TODAY - timedelta(days=TODAY.weekday())
"""Of this week: reports are about the week before."""

LAST_MONDAY = MONDAY - 7 * DAY

DUE = datetime(MONDAY.year, MONDAY.month, MONDAY.day, FIRST_HOUR, 1, tzinfo=UTC)


@pytest.fixture
async def editor(site: TestSite, database: Database) -> Person:
    """An editor of the site."""
    person = await register(site.client)
    await join(database, site.key, person, "editor")
    return person


@pytest.fixture(autouse=True)
async def nothing_else(database: Database) -> AsyncIterator[None]:
    """No reports of other tests."""
    yield
    await change(database, "delete from email_report")


async def subscribe(
    person: Person, site: TestSite, address: str = "", every: str = "week"
) -> dict[str, Any]:
    """A subscription that was made long ago."""
    body = {"address": address or person.email, "every": every}
    made = await person.ask("POST", f"/sites/{site.key}/email-reports", json=body)
    assert made.status_code == 201, made.text
    back = "update email_report set created_at = now() - interval '90 days' where id = %s"
    await change(site.database, back, made.json()["id"])
    return made.json()


async def send(database: Database, settings: Settings, now: datetime = DUE) -> int:
    """One round of the job that sends reports; how many are new."""
    async with await database.connect() as connection:
        new = await add_due(connection, now)
        await Reports(database, settings).send_due(connection)
        return new


class Read(HTMLParser):
    """What somebody reads: the text of each table, and the titles of bars."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[list[str]] = []
        self.open: list[list[str]] = []
        self.titles: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        named = dict(attrs)
        self.tags.add(tag)
        if tag == "table":
            self.open.append([])
            self.tables.append(self.open[-1])
        if tag == "td" and named.get("title"):
            self.titles.append(named["title"] or "")
        if tag == "a":
            self.links.append(named["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        """Called for each end."""
        if tag == "table":
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Called for each text."""
        if self.open and data.strip():
            self.open[-1].append(data.strip())


async def fill(site: TestSite, first: date, days: int, zone: str = "UTC") -> None:
    """Some visits on each of these local days, more with each day, and as many in the week before
    as make a change."""
    events: list[dict[str, Any]] = []
    for number in range(-days, days):
        noon = datetime.combine(first + number * DAY, datetime.min.time(), ZoneInfo(zone))
        for count in range(number + 1 if number >= 0 else 1):
            time = noon + timedelta(hours=12, seconds=count)
            visitor = {"visitor_id": f"{number}-{count}", "time": time.isoformat()}
            source = "Google" if count % 2 else "News"
            place = {"utm_source": source, "timezone": "Europe/Berlin"}
            events += [
                {"page": f"/page-{count}", **visitor, **place},
                {"name": "order", **visitor},
            ]
    assert (await site.send(*events))["rejected"] == []


class TestRefusals:
    async def test_report_is_refused_where_no_e_mail_is_sent(
        self, editor: Person, site: TestSite
    ) -> None:
        body = {"address": editor.email, "every": "week"}
        answer = await editor.ask("POST", f"/sites/{site.key}/email-reports", json=body)
        assert is_refusal(answer, "INVALID")
        assert "SMTP_HOST" in answer.text

    @pytest.mark.parametrize(
        "body",
        [
            {"every": "week"},
            {"address": "x", "every": "week"},
            {"address": "a@b.example", "every": "day"},
            {"address": "a@b.example\nBcc: c@d.example", "every": "week"},
            {"address": "a@b.example", "every": "week", "for_members_only": False},
        ],
    )
    async def test_subscription_that_makes_no_sense_is_refused(
        self, editor: Person, site: TestSite, app: FastAPI, settings: Settings, body: Any
    ) -> None:
        with mailing(app, settings):
            answer = await editor.ask("POST", f"/sites/{site.key}/email-reports", json=body)
        assert is_refusal(answer, "INVALID")

    async def test_address_of_others_takes_superuser(
        self,
        editor: Person,
        site: TestSite,
        app: FastAPI,
        settings: Settings,
        admin: dict[str, str],
    ) -> None:
        body = {"address": f"{uuid4().hex}@client.example", "every": "month"}
        path = f"/sites/{site.key}/email-reports"
        with mailing(app, settings):
            refused = await editor.ask("POST", path, json=body)
            made = await site.client.post(f"/api{path}", json=body, headers=admin)
        assert is_refusal(refused, "INVALID")
        assert made.status_code == 201
        (listed,) = (await editor.ask("GET", path)).json()
        assert listed == made.json()

    async def test_second_subscription_and_one_too_many_are_refused(
        self,
        editor: Person,
        site: TestSite,
        app: FastAPI,
        settings: Settings,
        admin: dict[str, str],
    ) -> None:
        path = f"/api/sites/{site.key}/email-reports"
        with mailing(app, settings):
            for number in range(MOST_REPORTS):
                body = {"address": f"n{number}@client.example", "every": "week"}
                for status in (201, 409):
                    made = await site.client.post(path, json=body, headers=admin)
                    assert made.status_code == status
            body = {"address": editor.email, "every": "week"}
            assert is_refusal(await editor.ask("POST", path[4:], json=body), "CONFLICT")

    async def test_subscription_of_another_site_is_unknown(
        self, editor: Person, site: TestSite, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings):
            made = await subscribe(editor, site)
        own = await editor.create()
        path = f"/sites/{own['key']}/email-reports/{made['id']}"
        assert (await editor.ask("DELETE", path)).status_code == 404


ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati")


class TestPeriods:
    @limits(deadline=None)
    @given(
        st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)),
        st.sampled_from([*Every]),
        st.sampled_from(ZONES),
    )
    def test_period_is_the_last_whole_week_or_month_by_six_in_the_morning(
        self, now: datetime, every: Every, name: str
    ) -> None:
        zone = ZoneInfo(name)
        local = now.replace(tzinfo=UTC).astimezone(zone)
        found = last_period(every, now.replace(tzinfo=UTC), zone)
        after = found.last + DAY
        is_week = every is Every.WEEK
        assert (found.first.weekday(), found.days) == (0, 7) if is_week else found.first.day == 1
        assert after.weekday() == 0 if is_week else after.day == 1
        reached = local.replace(tzinfo=None) - timedelta(hours=FIRST_HOUR)
        assert after <= reached.date() < after + (7 * DAY if is_week else 32 * DAY)
        assert (reached.date() - after).days < (7 if is_week else 31)
        before = period_before(every, found)
        assert before.last + DAY == found.first
        assert before.first.day == 1 or is_week


class TestContent:
    async def test_values_of_visitors_are_one_short_line_of_text(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        noon = datetime.combine(LAST_MONDAY, datetime.min.time(), UTC) + timedelta(hours=12)
        values = ("a\r\n\nAction required\n\x0b\x85\u2028https://evil.example", "x" * 5_000)
        await site.send(
            *(
                {"page": f"/{number}", "time": noon.isoformat(), "utm_source": value}
                for number, value in enumerate(values)
            )
        )
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await send(database, own)
        lines = part(received[0]).splitlines()
        assert "1  a Action required https://evil.example" in lines
        assert all(len(line) < 300 for line in lines)
        assert not [line for line in lines if line.startswith(("Action", "https://evil"))]

    async def test_numbers_are_those_of_the_api(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        await save_goal(site, name="Order", event="order")
        await fill(site, LAST_MONDAY, 7)
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            assert await send(database, own) == 1
        (message,) = received
        asked = {"from": f"{LAST_MONDAY}", "to": f"{LAST_MONDAY + 6 * DAY}"}
        series = await site.ask("timeseries", interval="day", compare="previous", **asked)
        headlines, days, *rankings = Read(part(message, "html")).tables[2:]
        totals = series["totals"]
        assert headlines[:6] == [
            *("Visitors", f"{totals['visitors']}", change_of(series, "visitors")),
            *("Visits", f"{totals['visits']}", change_of(series, "visits")),
        ]
        shown = [f"{row['time'][5:10]}: {row['visits']}" for row in series["rows"]]
        assert Read(part(message, "html")).titles == shown
        assert days == [
            text for row in series["rows"] for text in (str(row["visits"]), row["time"][5:10])
        ]
        expected = [
            ("pages", "page", "visitors", {}),
            ("traffic-sources", "source", "visitors", {"dimension": "source"}),
            ("locations", "country", "visitors", {"dimension": "country"}),
            ("goals", "name", "conversions", {}),
        ]
        lists = [table for table in rankings if len(table) > 1]
        assert len(lists) == len(expected)
        for (name, key, number, more), table in zip(expected, lists, strict=True):
            rows = (await site.ask(name, limit=5, **asked, **more))["rows"]
            empty = "(direct)" if key == "source" else "(unknown)"
            told = [text for row in rows for text in (row[key] or empty, str(row[number]))]
            assert table == told, name
        text = part(message, "plain")
        assert f"Visitors: {totals['visitors']} ({change_of(series, 'visitors')})" in text
        for row in series["rows"]:
            assert f"{row['time'][5:10]}  {row['visits']}\n" in text

    async def test_days_are_those_of_the_site(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        zone = "Asia/Kolkata"
        await change(database, "update site set timezone = %s where key = %s", zone, site.key)
        for number, local in enumerate(
            (
                datetime.combine(LAST_MONDAY, datetime.min.time()) - timedelta(minutes=1),
                datetime.combine(LAST_MONDAY, datetime.min.time()),
                datetime.combine(MONDAY, datetime.min.time()) - timedelta(minutes=1),
                datetime.combine(MONDAY, datetime.min.time()),
            )
        ):
            time = local.replace(tzinfo=ZoneInfo(zone)).isoformat()
            await site.send({"page": "/", "visitor_id": f"v{number}", "time": time})
        early = datetime.combine(MONDAY, datetime.min.time(), ZoneInfo(zone))
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            before = await send(database, own, early + timedelta(hours=5, minutes=59))
            sent = [len(received)]
            await send(database, own, early + timedelta(hours=6))
            sent.append(len(received))
        assert before == 1  # of the week before, which is over
        assert sent == [1, 2]
        titles = Read(part(received[1], "html")).titles
        assert [title.split(": ")[1] for title in titles] == ["1", "0", "0", "0", "0", "0", "1"]

    async def test_names_that_look_like_markup_stay_text(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        payload = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
        name = "update site set name = %s where key = %s"
        await change(database, name, f"{payload}\r\nBcc: x@y.example", site.key)
        time = f"{LAST_MONDAY}T12:00:00Z"
        page = {"page": f"/{payload}", "utm_source": payload, "visitor_id": "ann", "time": time}
        await site.send(page)
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await send(database, own)
        (message,) = received
        html = part(message, "html")
        assert "<script" not in html
        assert not {"script", "img"} & Read(html).tags
        assert any("onerror" in text for table in Read(html).tables for text in table)
        assert "{{ 7*7 }}" in html
        assert parsed(message)["bcc"] is None
        assert "Bcc: x@y.example" in parsed(message)["subject"]

    async def test_month_is_compared_with_the_month_before(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        first = TODAY.replace(day=1)
        last_month = (first - DAY).replace(day=1)
        months = (first - DAY, last_month, last_month - DAY, (last_month - DAY).replace(day=1))
        for number, day in enumerate(months):
            event = {"page": "/", "visitor_id": f"v{number}", "time": f"{day}T12:00:00Z"}
            await site.send(event)
        await site.send({"page": "/", "visitor_id": "new", "time": f"{last_month}T13:00:00Z"})
        now = datetime(first.year, first.month, 1, FIRST_HOUR, 1, tzinfo=UTC)
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site, every="month")
            await send(database, own, now)
        (message,) = received
        headlines = Read(part(message, "html")).tables[2]
        assert headlines[:3] == ["Visitors", "3", "+50%"]
        assert f"{last_month} to {first - DAY}" in parsed(message)["subject"]
        assert len(Read(part(message, "html")).titles) == (first - last_month).days

    async def test_site_without_visits_is_told_so(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await send(database, own)
        assert "Visitors: 0\n" in part(received[0], "plain")


def change_of(series: dict[str, Any], name: str) -> str:
    """How a number changed, as the e-mail writes it."""
    now, then = series["totals"][name], series["comparison"]["totals"][name]["value"]
    return f"{now / then - 1:+.0%}"


class TestOnce:
    async def test_report_is_sent_once_by_several_processes(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            new = await asyncio.gather(*(send(database, own) for _ in range(5)))
            for days in (1, 6):
                await send(database, own, DUE + days * DAY)
        assert sum(new) == len(received) == 1
        listed = (await editor.ask("GET", f"/sites/{site.key}/email-reports")).json()
        assert listed[0]["delivered_at"]

    async def test_period_that_ended_before_the_subscription_is_not_sent(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings) as (own, received):
            made = await subscribe(editor, site)
            for created, sent in ((MONDAY, 0), (MONDAY - timedelta(days=1), 1)):
                at = "update email_report set created_at = %s where id = %s"
                await change(
                    database, at, datetime.combine(created, datetime.min.time(), UTC), made["id"]
                )
                await send(database, own)
                assert len(received) == sent

    async def test_server_that_is_away_gets_the_same_message_later(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await send(database, own.model_copy(update={"smtp_port": free_port()}))
            await send(database, own)
            assert received == []
            later = "update email_report_message set next_try_at = now()"
            await change(database, later)
            await send(database, own)
            # The process ended before it noted that the message was sent.
            await change(database, f"{later}, delivered_at = null")
            await send(database, own)
        assert len({message["message-id"] for message in received}) == 1
        assert len(received) == 2

    async def test_address_of_former_member_gets_nothing(
        self,
        editor: Person,
        site: TestSite,
        database: Database,
        app: FastAPI,
        settings: Settings,
        admin: dict[str, str],
    ) -> None:
        gone = await register(site.client)
        await join(database, site.key, gone, "viewer")
        client = f"{uuid4().hex}@client.example"
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await subscribe(editor, site, gone.email)
            await subscribe(Person(site.client, 0, "", admin), site, client)
            await change(database, "delete from membership where user_id = %s", gone.number)
            await gone.create()
            await send(database, own)
        assert {message["to"] for message in received} == {editor.email, client}


class TestUnsubscribing:
    async def test_link_and_one_click_end_the_reports_for_good(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        client = site.client
        path = f"/sites/{site.key}/email-reports"
        with mailing(app, settings) as (own, received):
            made = await subscribe(editor, site)
            await send(database, own)
            message = parsed(received[0])
            assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
            found = re.fullmatch(r"<(\S+)>", message["list-unsubscribe"].strip())
            assert found
            url = found[1].removeprefix(own.address)
            assert found[1] in Read(part(received[0], "html")).links
            assert found[1] in part(received[0], "plain")
            for wrong in (
                url[:-1],
                url + "0",
                url.replace(f"/{made['id']}/", f"/{made['id'] + 1}/"),
                "/unsubscribe/x/y",
            ):
                assert (await client.get(wrong)).status_code == 404
                assert (await client.post(wrong)).status_code == 404
            shown = await client.get(url)
            assert shown.status_code == 200
            assert shown.headers["referrer-policy"] == "no-referrer"
            assert editor.email in shown.text
            assert (await client.head(url)).status_code == 200
            (listed,) = (await editor.ask("GET", path)).json()
            assert listed["unsubscribed_at"] is None
            for _ in range(2):
                ended = await client.post(url, data={"List-Unsubscribe": "One-Click"})
                assert ended.status_code == 200
                assert "gets no more reports" in ended.text
            await send(database, own, DUE + timedelta(days=7))
            assert len(received) == 1
            body = {"address": editor.email, "every": "week"}
            assert is_refusal(await editor.ask("POST", path, json=body), "CONFLICT")
            deleted = await editor.ask("DELETE", f"{path}/{made['id']}")
            assert is_refusal(deleted, "CONFLICT")
            (listed,) = (await editor.ask("GET", path)).json()
            assert listed["unsubscribed_at"]

    async def test_link_of_former_member_does_not_name_the_site(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        with mailing(app, settings) as (own, received):
            await subscribe(editor, site)
            await send(database, own)
        url = parsed(received[0])["list-unsubscribe"].strip(" <>").removeprefix(own.address)
        name = f"Name of {site.key} since"
        await change(database, "update site set name = %s where key = %s", name, site.key)
        assert name in (await site.client.get(url)).text
        await change(database, "delete from membership where user_id = %s", editor.number)
        for method in ("GET", "HEAD", "POST"):
            answer = await site.client.request(method, url)
            assert answer.status_code == 404
            assert name not in answer.text
        await join(database, site.key, editor, "viewer")
        assert "each week" in (await site.client.get(url)).text
        await change(database, "update site set deleted_at = now() where key = %s", site.key)
        assert (await site.client.get(url)).status_code == 404

    async def test_report_that_was_deleted_is_not_sent(
        self, editor: Person, site: TestSite, database: Database, app: FastAPI, settings: Settings
    ) -> None:
        path = f"/sites/{site.key}/email-reports"
        with mailing(app, settings) as (own, received):
            made = await subscribe(editor, site)
            deleted: httpx.Response = await editor.ask("DELETE", f"{path}/{made['id']}")
            assert deleted.status_code == 204
            await send(database, own)
        assert received == []
