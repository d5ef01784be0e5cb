"""Raw data expires; what rollups say of it stays, and nobody is told anything wrong."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from api.db.engine import Profile
from api.events.enrich.event_time import ACCEPTED_PAST
from api.events.removal.expiry import expire
from api.events.write.visits import LONGEST_VISIT
from api.rollups.definitions import ROLLUPS
from api.sites import directory
from api.sites.models import utc_now
from conftest import TestSite, all_rows, make_site
from expiry import DAY, TODAY, age, day, keep, settle
from settings import LEAST_RETENTION_DAYS

pytestmark = pytest.mark.slow

MINUTE = timedelta(minutes=1)

KEPT = 35 + TODAY.weekday()
"""Back to a Monday: lines are where weeks begin."""


def view(back: int, who: str = "ann", minutes: int = 60, **more: Any) -> dict[str, Any]:
    """A page view so many days ago."""
    time = TODAY - back * DAY + minutes * MINUTE
    return {"time": time.isoformat(), "visitor_id": who, "page": f"/{back % 3}", **more}


HISTORY = [
    view(back, who, minutes, utm_source=source)
    for back in (300, 200, 120, 65, 50, KEPT + 2, KEPT + 1, KEPT, KEPT - 1, 20, 9, 1)
    for who, minutes, source in (("ann", 60, "letter"), ("bob", 600, ""), ("ann", 610, "card"))
]


async def raw(site: TestSite) -> dict[str, list[datetime]]:
    """The times of what is stored of a site."""
    found: dict[str, list[datetime]] = {}
    async with await site.database.connect() as connection:
        times = {"event": "time", "visit": "started", "bot_event": "time"}
        times |= dict.fromkeys(("web_vital", "js_error"), "time")
        for table, time in {**times, "unopened_visit": "started"}.items():
            cursor = await connection.execute(
                f"select {time} from {table} join site on site.id = site_id"
                f" where key = %s order by 1".encode(),
                [site.key],
            )
            found[table] = [moment for (moment,) in await cursor.fetchall()]
    return found


SUMMED_UP = [
    ("timeseries", {"interval": "day"}),
    ("timeseries", {"interval": "month"}),
    ("pages", {}),
    ("traffic-sources", {"dimension": "source"}),
    ("devices", {"dimension": "browser"}),
    ("locations", {"dimension": "city"}),
    ("entries", {}),
    ("retention", {"interval": "month", "periods": 12}),
    ("lifecycle", {"interval": "week"}),
    ("stickiness", {}),
]


async def answers(site: TestSite, first: int, last: int = 0) -> list[Any]:
    """What rollups say of these days."""
    span = {"from": day(first), "to": day(last), "timezone": "UTC"}
    found = [
        await site.ask(report, **all_rows(report), **span, **more) for report, more in SUMMED_UP
    ]
    return [(answer["rows"], answer["totals"]) for answer in found]


@pytest.fixture(autouse=True)
def time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two rounds of the job nobody remembers a site as it was."""
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 0.0)


@pytest.fixture
async def aged(site: TestSite) -> TestSite:
    """A site with a year of history that keeps raw data for 40 days; its neighbours for ever."""
    await site.send(*HISTORY)
    bot = {"user_agent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    await site.send(view(100, "bot", **bot), view(10, "bot", **bot))
    reading = {"name": "engagement", "duration": 5}
    await site.send(view(100, "reader", **reading), view(10, "reader", **reading))
    vital = {"name": "web_vital", "props": {"name": "LCP", "value": 1}}
    failed = {"name": "js_error", "props": {"message": "x"}}
    await site.send(*(view(back, **one) for back in (100, 10) for one in (vital, failed)))
    await settle(site.database)
    await keep(site, KEPT)
    return site


async def test_rollups_stay_when_raw_data_expires(aged: TestSite) -> None:
    before = await answers(aged, 310)
    await age(aged.database)
    stored = await raw(aged)
    line = TODAY - KEPT * DAY
    assert stored["event"][0] == line + 60 * MINUTE
    assert min(stored["visit"]) >= line - LONGEST_VISIT
    kept_one = ("bot_event", "unopened_visit", "web_vital", "js_error")
    assert [len(stored[table]) for table in kept_one] == [1, 1, 1, 1]
    assert await answers(aged, 310) == before
    long_ago = await answers(aged, 310, KEPT + 1)
    await aged.send(view(3, "cid"), view(30, "ann"), view(KEPT, "ann", minutes=1))
    await settle(aged.database)
    await age(aged.database)
    # Reports with cohorts look on from there to what happened since.
    assert (await answers(aged, 310, KEPT + 1))[:7] == long_ago[:7]
    after = await aged.ask("timeseries", **{"from": day(310), "timezone": "UTC"}, interval="day")
    assert after["totals"]["pageviews"] == before[0][1]["pageviews"] + 3


async def test_expired_buckets_are_not_recomputed_from_data_of_other_sites(
    aged: TestSite, client: Any, admin: Any
) -> None:
    """A neighbour's old data is refreshed in the same buckets; a continuous aggregate has both."""
    before = await answers(aged, 310)
    await age(aged.database)
    other = await make_site(f"{aged.key}-b", client, admin, aged.database)
    await other.send(*(view(back, "dan") for back in (300, 120, 65, 42, 9)))
    assert (await answers(other, 310))[0][1]["pageviews"] == 5
    await settle(aged.database)
    assert (await answers(other, 310))[0][1]["pageviews"] == 5
    await other.send(view(120, "eve"))
    await settle(aged.database)
    assert (await answers(other, 310))[0][1]["pageviews"] == 6
    assert await answers(aged, 310) == before


async def test_full_refresh_by_hand_keeps_history_after_expiry(site: TestSite) -> None:
    database = site.database
    if database.engine.profile is not Profile.TIMESCALE:
        pytest.skip("only TimescaleDB Community has continuous aggregates")
    async with await database.connect() as connection:
        # As if no site of any test had expired data: then the engine refreshes all that is sent.
        await connection.execute("update site set raw_data_since = null")
    await site.send(*HISTORY)
    await settle(database)
    await keep(site, KEPT)
    before = await answers(site, 310)
    await age(database)
    assert (await raw(site))["event"][0] > TODAY - (KEPT + 1) * DAY
    async with await database.connect() as connection:
        for rollup in ROLLUPS:
            name = f"{rollup.name}_stored"
            await connection.execute(
                "call refresh_continuous_aggregate(%s::regclass, null, null)", [name]
            )
    assert await answers(site, 310) == before


async def test_line_waits_for_dirty_buckets(aged: TestSite) -> None:
    await aged.send(view(120, "late"))
    await age(aged.database)
    assert (await raw(aged))["event"][0] < TODAY - 299 * DAY
    await settle(aged.database)
    before = await answers(aged, 310)
    await age(aged.database)
    assert (await raw(aged))["event"][0] > TODAY - (KEPT + 1) * DAY
    assert await answers(aged, 310) == before


async def test_event_before_line_is_refused_as_expired(aged: TestSite) -> None:
    await age(aged.database)
    account = await aged.send(HISTORY[0], view(KEPT - 1, "fay"))
    assert account["accepted"] == 1
    assert [(r["index"], r["error"]) for r in account["rejected"]] == [(0, "EVENT_EXPIRED")]


async def test_rows_stay_while_processes_may_remember_former_line(aged: TestSite) -> None:
    """Two rounds of the job a moment apart: the first one moves the line."""
    before = await raw(aged)
    async with await aged.database.connect() as connection:
        for _ in range(2):
            await expire(connection, aged.database.engine, 0, utc_now())
        assert await raw(aged) == before
        await connection.execute("update site set line_moved_at = now() - interval '61 s'")
        await expire(connection, aged.database.engine, 0, utc_now())
    assert (await raw(aged))["event"][0] == TODAY - KEPT * DAY + 60 * MINUTE


async def test_event_stored_behind_line_changes_no_history(
    aged: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may remember for a moment that the site keeps everything."""
    before = await answers(aged, 310)
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 60.0)
    await aged.ask("pages")
    await age(aged.database)
    assert (await aged.send(view(120, "eve")))["accepted"] == 1
    monkeypatch.setattr(directory, "REMEMBER_SECONDS", 0.0)
    await settle(aged.database)
    assert await answers(aged, 310, KEPT + 1) == await answers(aged, 310, KEPT + 1)
    assert (await answers(aged, 310))[0] == before[0]
    await age(aged.database)
    assert (await raw(aged))["event"][0] > TODAY - (KEPT + 1) * DAY


async def test_erasure_after_expiry_leaves_rollups_of_expired_data(aged: TestSite) -> None:
    before = await answers(aged, 310, KEPT + 1)
    await age(aged.database)
    await aged.client.post(
        f"/api/sites/{aged.key}/erasures", json={"visitor_id": "ann"}, headers=aged.admin
    )
    for _ in range(2):
        assert (await answers(aged, 310, KEPT + 1))[:7] == before[:7]
        recent = {"from": day(KEPT), "timezone": "UTC", "interval": "day"}
        told = await aged.ask("timeseries", **recent)
        assert told["totals"]["pageviews"] == 5
        assert told["rows"] == (await aged.ask("timeseries", engine="base", **recent))["rows"]
        await settle(aged.database)


async def test_number_of_erased_visitor_is_not_given_to_another(aged: TestSite) -> None:
    await aged.send(view(60, "last"))
    await settle(aged.database)
    before = (await answers(aged, 310))[0][1]["visitors"]
    await age(aged.database)
    erasures = f"/api/sites/{aged.key}/erasures"
    await aged.client.post(erasures, json={"visitor_id": "last"}, headers=aged.admin)
    await aged.send(view(1, "new"))
    assert (await answers(aged, 310))[0][1]["visitors"] == before + 1


async def refusal(site: TestSite, report: str, **params: Any) -> dict[str, Any]:
    """The 422 for a question."""
    answer = await site.client.get(f"/api/analytics/{report}", params={"site": site.key, **params})
    assert answer.status_code == 422, answer.text
    return answer.json()


async def test_questions_that_need_expired_data_are_refused(aged: TestSite) -> None:
    await age(aged.database)
    kept = TODAY - KEPT * DAY
    combined = '[["is","country",["DE"]],["is","browser",["Chrome"]]]'
    for report, more in [
        ("sessions", {}),
        ("funnel", {"pages": ["/0", "/1"]}),
        ("heatmap", {}),
        *(("bots", {}), ("web-vitals", {}), ("errors", {})),
        ("timeseries", {"filters": combined, "interval": "day"}),
        ("timeseries", {"engine": "base", "interval": "day"}),
        ("pages", {"detail": True}),
        ("pages", {"order": "visits"}),
        ("retention", {"interval": "week", "return": "/1"}),
    ]:
        told = await refusal(aged, report, **{"from": day(200), "timezone": "UTC", **more})
        assert (told["error"], told["instead"][0]) == ("EXPIRED", f"from={kept:%Y-%m-%dT%H:%MZ}")
        await aged.ask(report, **{"from": day(KEPT), "timezone": "UTC", **more})
    stats = {"site_id": aged.key, "metrics": ["revenue"], "date_range": [day(200), day(0)]}
    answer = await aged.client.post("/api/analytics/query", json=stats)
    assert answer.json()["error"] == "EXPIRED"
    for suggestion in answer.json()["instead"]:
        again = stats | json.loads(suggestion)
        assert (await aged.client.post("/api/analytics/query", json=again)).status_code == 200
    assert len(answer.json()["instead"]) == 1


async def test_stats_question_by_half_hour_is_refused_with_whole_hours(aged: TestSite) -> None:
    await age(aged.database)
    stats = {"site_id": aged.key, "metrics": ["visits"]}
    asked = [f"{day(200)}T10:30:00Z", f"{day(190)}T11:20:00Z"]
    answer = await aged.client.post("/api/analytics/query", json=stats | {"date_range": asked})
    told = answer.json()
    assert told["error"] == "EXPIRED"
    ranges = [json.loads(suggestion)["date_range"] for suggestion in told["instead"]]
    assert ranges[0] == [f"{day(200)}T10:00Z", f"{day(190)}T12:00Z"]
    assert len(ranges) == 3
    for date_range in ranges:
        again = stats | {"date_range": date_range}
        assert (await aged.client.post("/api/analytics/query", json=again)).status_code == 200


async def test_stats_api_answers_from_rollups_after_expiry(aged: TestSite) -> None:
    stats = {"site_id": aged.key, "metrics": ["visitors", "visits"], "dimensions": ["visit:source"]}
    stats["date_range"] = [f"{day(200)}T00:00:00Z", f"{day(0)}T00:00:00Z"]
    before = (await aged.client.post("/api/analytics/query", json=stats)).json()["results"]
    await age(aged.database)
    answer = (await aged.client.post("/api/analytics/query", json=stats)).json()
    assert answer["results"] == before != []
    assert "rollup:" in answer["meta"]["engine"]


async def test_range_that_cuts_bucket_is_refused_with_whole_buckets(aged: TestSite) -> None:
    await age(aged.database)
    lower = TODAY - 200 * DAY + 90 * MINUTE
    told = await refusal(aged, "timeseries", **{"from": lower.isoformat(), "interval": "month"})
    kept = f"from={TODAY - KEPT * DAY:%Y-%m-%dT%H:%MZ}"
    hour = f"from={lower - 30 * MINUTE:%Y-%m-%dT%H:%MZ}"
    assert (told["error"], told["instead"][:2]) == ("EXPIRED", [hour, kept])
    told = await refusal(aged, "pages", **{"from": day(200), "timezone": "Europe/Berlin"})
    assert told["instead"] == [f"from={day(201)}T00:00Z", "timezone=UTC", kept]


async def test_first_touch_and_cohort_start_are_refused_after_expiry(aged: TestSite) -> None:
    before = {"from": day(20), "timezone": "UTC"}
    await aged.ask("revenue", attribution="first", **before)
    await aged.ask("retention", start="/1", **before)
    await age(aged.database)
    assert (await refusal(aged, "revenue", attribution="first", **before))["error"] == "EXPIRED"
    assert (await refusal(aged, "retention", start="/1", **before))["error"] == "EXPIRED"


async def test_period_all_is_answered_after_expiry(aged: TestSite) -> None:
    await age(aged.database)
    answer = await aged.ask("timeseries", period="all", interval="month", timezone="UTC")
    assert answer["totals"]["pageviews"] == len(HISTORY)


async def test_visitor_of_expired_visit_does_not_become_new(aged: TestSite) -> None:
    await age(aged.database)
    await aged.send(view(2, "bob"))
    answer = await aged.ask("retention", interval="month", periods=12, timezone="UTC")
    assert sum(row["size"] for row in answer["rows"]) == 2


async def test_site_without_old_data_has_no_line(site: TestSite) -> None:
    await site.send(view(3))
    await settle(site.database)
    assert await keep(site, 22) == {"days": 22, "effective_days": 22, "raw_data_since": None}
    await age(site.database)
    assert (await keep(site, 0))["raw_data_since"] is None


async def test_partition_is_emptied_when_no_site_needs_it(
    aged: TestSite, client: Any, admin: Any
) -> None:
    other = await make_site(f"{aged.key}-c", client, admin, aged.database)
    await other.send(view(200, "gus"))
    await settle(aged.database)
    await age(aged.database)
    assert (await raw(other))["event"] == [TODAY - 200 * DAY + 60 * MINUTE]
    await keep(other, 22)
    before = await answers(other, 310)
    await age(aged.database)
    assert set(map(len, (await raw(other)).values())) == {0}
    assert await answers(other, 310) == before


async def test_longer_retention_brings_nothing_back(aged: TestSite) -> None:
    await age(aged.database)
    told = await keep(aged, 0)
    assert told["raw_data_since"] == f"{TODAY - KEPT * DAY:%Y-%m-%dT%H:%M:%S}.000000Z"
    await age(aged.database)
    assert (await refusal(aged, "sessions", **{"from": day(200)}))["error"] == "EXPIRED"


@pytest.mark.parametrize("days", [1, 21, -1, 36_501, 1.5, "soon"])
async def test_retention_that_is_too_short_or_invalid_is_refused(site: TestSite, days: Any) -> None:
    answer = await site.client.put(
        f"/api/sites/{site.key}/retention", json={"days": days}, headers=site.admin
    )
    assert answer.status_code == 422
    allowed = "days: must be 0 (for ever), 22 to 36500, or null (the setting of the installation)"
    assert answer.json()["detail"] == allowed


async def test_only_editors_set_retention(site: TestSite) -> None:
    answer = await site.client.put(f"/api/sites/{site.key}/retention", json={"days": 22})
    assert answer.status_code == 401


def test_shortest_retention_outlives_every_change_of_bucket() -> None:
    least = timedelta(days=LEAST_RETENTION_DAYS)
    assert least >= ACCEPTED_PAST + LONGEST_VISIT + max(rollup.width for rollup in ROLLUPS)
    # A week is the widest bucket that a line may lie between (see due_lines).
    assert all(7 * DAY % rollup.width == timedelta(0) for rollup in ROLLUPS)
