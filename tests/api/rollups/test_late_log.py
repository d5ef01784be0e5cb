"""What comes late to buckets that are stored is in every answer at once, without computing them
anew: it is added from the log."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from api.sites.models import utc_now
from conftest import TestSite

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

Rows = list[dict[str, Any]]


class Late:
    """A site with a stored hour of 30 hours ago, and what it answers about that hour."""

    def __init__(self, site: TestSite) -> None:
        self.site = site
        self.hour = utc_now().replace(minute=0, second=0, microsecond=0) - 30 * HOUR
        self.span = {"from": self.time(0), "to": self.time(60), "timezone": "UTC"}

    def time(self, minute: int) -> str:
        """A minute of the hour."""
        return (self.hour + minute * MINUTE).isoformat()

    async def happens(self, visitor: str, minute: int, page: str = "/", **more: Any) -> None:
        """Sends a page view."""
        event = {"visitor_id": visitor, "page": page, "time": self.time(minute), **more}
        report = await self.site.send(event)
        assert report["accepted"] == 1

    async def ask(self, report: str, *names: str, **params: Any) -> list[tuple[Any, ...]]:
        """These fields of the rows, which are the same when the base tables answer."""
        answer = await self.site.ask(report, **self.span, **params)
        base = await self.site.ask(report, source="base", **self.span, **params)
        assert "rollup:" in answer["source"]
        assert (answer["rows"], answer["totals"]) == (base["rows"], base["totals"])
        return [tuple(row[name] for name in names) for row in answer["rows"]]

    async def is_marked(self) -> bool:
        """Whether a bucket of the site has to be computed again."""
        return await self.has_rows("rollup_dirty")

    async def is_logged(self) -> bool:
        """Whether the log has changes of the site."""
        return await self.has_rows("late_visit") or await self.has_rows("late_event")

    async def has_rows(self, table: str) -> bool:
        """Whether the site has rows in a table."""
        async with await self.site.database.connect() as connection:
            cursor = await connection.execute(
                f"select from {table} t join site on site.id = t.site_id where key = %s limit 1",
                [self.site.key],
            )
            return await cursor.fetchone() is not None


@pytest.fixture
async def late(site: TestSite) -> Late:
    """Ann entered by /a a day ago; rollups have stored that."""
    late = Late(site)
    await late.happens("ann", 10, "/a", utm_source="alpha")
    await site.refresh()
    return late


async def test_late_visit_is_logged_until_next_refresh_and_marks_no_bucket(late: Late) -> None:
    await late.happens("bob", 20, "/b")
    assert await late.ask("timeseries", "visits", "visitors", "pageviews", interval="hour") == [
        (2, 2, 2)
    ]
    assert await late.is_logged()
    assert not await late.is_marked()
    await late.site.refresh()
    assert not await late.is_logged()


async def test_late_event_that_extends_visit_counts_visit_once(late: Late) -> None:
    await late.happens("ann", 12, "/a")
    assert await late.ask("timeseries", "visits", "visitors", "bounce_rate", interval="hour") == [
        (1, 1, 0)
    ]


async def test_late_exit_page_replaces_former_one(late: Late) -> None:
    await late.happens("ann", 12, "/b")
    assert await late.ask("exits", "value", "visits", "visitors") == [("/b", 1, 1)]
    assert await late.ask("entries", "value", "visits", "visitors") == [("/a", 1, 1)]


async def test_visitor_without_visits_left_in_group_is_not_counted_there(late: Late) -> None:
    await late.happens("bob", 20, "/a")
    await late.happens("ann", 12, "/b")
    assert await late.ask("exits", "value", "visits", "visitors") == [("/a", 1, 1), ("/b", 1, 1)]


async def test_visitor_with_one_visit_left_in_group_is_still_counted(late: Late) -> None:
    await late.happens("ann", 50, "/a")
    await late.site.refresh()
    await late.happens("ann", 52, "/b")
    assert await late.ask("exits", "value", "visits", "visitors") == [
        ("/a", 1, 1),
        ("/b", 1, 1),
    ]


async def test_late_first_late_events_source_of_visit(late: Late) -> None:
    await late.happens("ann", 5, "/b", utm_source="beta")
    assert await late.ask("traffic-sources", "value", "visits", "visitors") == [("beta", 1, 1)]
    body = {
        "site_id": late.site.key,
        "date_range": [late.time(0), late.time(60)],
        "metrics": ["visits", "visitors"],
        "dimensions": ["visit:source"],
    }
    answer = await late.site.client.post("/api/analytics/query", json=body)
    found = [(row["dimensions"], row["metrics"]) for row in answer.json()["results"]]
    assert "rollup:" in answer.json()["meta"]["engine"]
    assert found == [(["beta"], [1, 1])]


async def test_several_late_changes_of_one_visit_add_up(late: Late) -> None:
    for minute in (12, 8, 14, 6):
        await late.happens("ann", minute, f"/{minute}", duration=minute)
        assert await late.ask("timeseries", "visits", "pageviews", interval="hour")
    assert await late.ask("entries", "value", "visits") == [("/6", 1)]
    assert len(await late.ask("pages", "page", "pageviews")) == 5


async def test_earlier_first_visit_makes_new_visitor_returning(late: Late) -> None:
    before: datetime = late.hour - 48 * HOUR
    await late.site.send({"visitor_id": "ann", "page": "/", "time": before.isoformat()})
    for _ in range(2):
        rows = await late.ask("lifecycle", "new", interval="day")
        assert sum(row[0] for row in rows) == 0
        await late.site.refresh()


async def test_import_of_many_late_events_marks_buckets(late: Late) -> None:
    events = [
        {"visitor_id": f"v{number}", "page": "/", "time": late.time(number)} for number in range(21)
    ]
    await late.site.send(*events)
    assert await late.ask("timeseries", "visits", interval="hour") == [(22,)]
    assert await late.is_marked()
    assert not await late.is_logged()


async def test_erased_visitor_is_removed_from_late_log(late: Late) -> None:
    await late.happens("bob", 20, "/b")
    answer = await late.site.client.post(
        f"/api/sites/{late.site.key}/erasures",
        json={"visitor_id": "bob"},
        headers=late.site.admin,
    )
    assert answer.status_code in (200, 201), answer.text
    assert not await late.is_logged()
    assert await late.ask("timeseries", "visits", "visitors", interval="hour") == [(1, 1)]


@pytest.mark.parametrize("table", ["visit", "event"])
async def test_late_log_has_columns_of_its_base_table(site: TestSite, table: str) -> None:
    """Whole rows go into it: a migration that changes one table changes the other."""
    async with await site.database.connect() as connection:
        cursor = await connection.execute(
            "select table_name, array_agg(column_name::text || ' ' || data_type::text"
            " order by ordinal_position) from information_schema.columns"
            " where table_schema = 'public' and table_name in (%s, %s) group by 1",
            [table, f"late_{table}"],
        )
        columns = dict(await cursor.fetchall())
    assert columns[f"late_{table}"] == ["change bigint", "sign integer", *columns[table]]
