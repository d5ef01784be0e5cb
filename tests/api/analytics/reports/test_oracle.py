"""Whole answers of every report against an oracle that counts by brute force."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api.sites.models import utc_now
from conftest import TestSite
from oracle import reports
from oracle.filters import chosen
from oracle.funnels import Asked, funnel
from oracle.histories import (
    DAY,
    EDGES,
    FILTERS,
    GOALS,
    HOUR,
    MINUTE,
    SECOND,
    histories,
    questions,
)
from oracle.lifecycle import retention
from oracle.periods import Range
from oracle.site import Site
from oracle.telling import (
    ALL,
    NOON,
    TEN_DAYS,
    ask,
    check,
    counts,
    event,
    examples,
    filtered,
    fresh_site,
    make_crowded,
    spans,
    tell,
)


async def check_timeseries(
    site: TestSite, told: Site, span: Range, interval: str, timezone: str
) -> None:
    """Every bucket, every number."""
    answer = await ask(site, "timeseries", span, interval=interval, timezone=timezone)
    check(answer["rows"], reports.timeseries(told, span, interval, timezone))
    check(answer["totals"], reports.totals(told, span))


async def check_timeseries_by(
    site: TestSite, told: Site, span: Range, interval: str, timezone: str, limit: int
) -> None:
    """Compares the series by two dimensions, whole, with the oracle."""
    how = {"interval": interval, "timezone": timezone, "limit": limit}
    answer = await ask(site, "timeseries", span, dimension="screen", **how)
    expected = reports.timeseries_by(
        told, span, interval, timezone, "screen", lambda visit: visit.screen, limit
    )
    check(answer["rows"], expected)
    check(answer["totals"], reports.totals(told, span))
    answer = await ask(site, "timeseries", span, dimension="source", **how)
    answer["rows"] = [
        row | {"source": row["source"] and row["source"].lower()} for row in answer["rows"]
    ]
    expected = reports.timeseries_by(
        told, span, interval, timezone, "source", lambda visit: visit.source, limit
    )
    check(answer["rows"], expected)


async def check_pages(site: TestSite, told: Site, span: Range, only: list[str] | None) -> None:
    """Every page, or some."""
    some = {} if only is None else {"pages": only}
    answer = await ask(site, "pages", span, limit=ALL, detail=True, **some)
    check(answer["rows"], reports.pages(told, span, only))
    check(answer["totals"], reports.totals(told, span))


async def check_breakdowns(site: TestSite, told: Site, span: Range) -> None:
    """Where visits came from, and a dimension that only the visits themselves have."""
    answer = await ask(site, "traffic-sources", span, dimension="source", limit=ALL)
    answer["rows"] = [row | {"source": row["source"].lower()} for row in answer["rows"]]
    check(answer["rows"], reports.breakdown(told, span, "source", lambda visit: visit.source))
    check(answer["totals"], reports.totals(told, span))
    answer = await ask(site, "devices", span, dimension="screen", limit=ALL)
    check(answer["rows"], reports.breakdown(told, span, "screen", lambda visit: visit.screen))


async def check_sessions(site: TestSite, told: Site, span: Range) -> None:
    """Every visit; in which order those that started together come is nobody's business."""
    answer = await ask(site, "sessions", span, limit=ALL)
    expected = reports.sessions(told, span)
    for row in answer["rows"]:
        row["source"] = row["source"].lower()
    check([row["started"] for row in answer["rows"]], [row["started"] for row in expected])

    def by_content(row: dict[str, Any]) -> str:
        started = row["started"]
        moment = started if isinstance(started, datetime) else datetime.fromisoformat(started)
        return f"{moment.timestamp():020.6f} {row['path']} {row['source']} {row['session_id']}" + (
            f" {row['duration_seconds']:012.6f} {row['is_bounce']}"
        )

    check(sorted(answer["rows"], key=by_content), sorted(expected, key=by_content))
    check(answer["totals"], reports.session_totals(told, span))


async def check_funnel(
    site: TestSite, told: Site, span: Range, steps: list[str], window: float, unit: str
) -> None:
    """Every step; of its times, that there are any where somebody got there."""
    answer = await ask(site, "funnel", span, steps=steps, window=window, unit=unit)
    check(answer["rows"], funnel(told, span, Asked(steps, window, unit)))
    for number, row in enumerate(answer["rows"]):
        for seconds in (row["median_seconds"], row["p90_seconds"]):
            if number == 0 or row["count"] == 0:
                assert seconds is None
            else:
                assert 0 <= seconds <= window * 3600


async def check_retention(
    site: TestSite, told: Site, span: Range, timezone: str, **how: Any
) -> None:
    """Every cohort, every cell."""
    answer = await ask(site, "retention", span, timezone=timezone, **how)
    check(answer["rows"], retention(told, span, timezone, utc_now(), **how))


@examples(8)
@given(history=histories(), question=questions())
async def test_every_report_answers_what_oracle_counts(client, admin, database, history, question):
    site = await fresh_site(client, admin, database)
    if question["crowded"]:
        await make_crowded(site)
    told = await tell(site, history.batches, refreshing=question["refreshing"])
    span, everything = spans(history, question)
    for interval in ("hour", "day", "week", "month"):
        await check_timeseries(site, told, span, interval, history.zone)
        for limit in (1, 2, 50):
            await check_timeseries_by(site, told, span, interval, history.zone, limit)
    if question["length"] < 4 * HOUR:
        await check_timeseries(site, told, span, "minute", history.zone)
    how = {key: question[key] for key in ("interval", "rolling", "week_start")}
    for asked in (span, everything):
        await check_sessions(site, told, asked)
        await check_pages(site, told, asked, question["pages"])
        await check_breakdowns(site, told, asked)
        steps = question["steps"], question["window"], question["unit"]
        await check_funnel(site, told, asked, *steps)
        await check_retention(site, told, asked, history.zone, **how)


@examples(5)
@given(history=histories(), question=questions(), clauses=st.sampled_from(FILTERS))
async def test_filtered_reports_answer_what_oracle_counts(
    client, admin, database, history, question, clauses
):
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, goals=GOALS)
    told = await tell(site, history.batches, GOALS, refreshing=question["refreshing"])
    for span in spans(history, question):
        for filters in (clauses, [*clauses, ["is", "source", ["", "beta"]]]):
            some, asked = chosen(told, filters), {**filtered(filters), "limit": ALL}
            answer = await ask(site, "timeseries", span, interval="day", **filtered(filters))
            check(answer["rows"], reports.timeseries(some, span, "day", "UTC"))
            check(answer["totals"], reports.totals(some, span))
            answer = await ask(site, "pages", span, detail=True, **asked)
            check(answer["rows"], reports.pages(some, span))
            answer = await ask(site, "devices", span, dimension="screen", **asked)
            check(
                answer["rows"], reports.breakdown(some, span, "screen", lambda visit: visit.screen)
            )


# ----------------------------------------------------------------------------- named traps


async def test_funnel_counts_steps_in_order_only(site):
    await tell(
        site,
        [
            [event(NOON, "/a"), event(NOON + MINUTE, "/b"), event(NOON + 2 * MINUTE, "/c")],
            [event(NOON, "/c", "bob"), event(NOON + MINUTE, "/b", "bob")],
            [event(NOON + 2 * MINUTE, "/a", "bob")],
        ],
    )
    assert await counts(site, steps=["/a", "/b", "/c"]) == [2, 1, 1]


async def test_other_events_may_lie_between_funnel_steps(site):
    path = ["/a", "/x", "/a", "/y", "/b"]
    await tell(site, [[event(NOON + n * MINUTE, page) for n, page in enumerate(path)]])
    assert await counts(site, steps=["/a", "/b"]) == [1, 1]


async def test_simultaneous_funnel_steps_are_ordered_by_event_id(site):
    first, second = event(NOON, "/a"), event(NOON, "/b")
    await tell(site, [[second, first]])
    assert await counts(site, steps=["/a", "/b"]) == [1, 1]
    assert await counts(site, steps=["/b", "/a"]) == [1, 0]


async def test_second_attempt_inside_window_counts(site):
    await tell(
        site,
        [[event(NOON, "/a"), event(NOON + 3 * HOUR, "/a"), event(NOON + 4 * HOUR, "/b")]],
    )
    assert await counts(site, steps=["/a", "/b"], window=2) == [1, 1]


async def test_second_attempt_does_not_end_first(site):
    path = [(0, "/a"), (10, "/b"), (50, "/a"), (55, "/c")]
    await tell(site, [[event(NOON + minutes * MINUTE, page) for minutes, page in path]])
    assert await counts(site, steps=["/a", "/b", "/c"], window=1) == [1, 1, 1]


@pytest.mark.parametrize(("late", "reached"), [(timedelta(0), 1), (timedelta(microseconds=1), 0)])
async def test_funnel_window_includes_its_last_instant(site, late, reached):
    middle = event(NOON + HOUR, "/b")
    await tell(site, [[event(NOON, "/a"), middle, event(NOON + 2 * HOUR + late, "/c")]])
    assert await counts(site, steps=["/a", "/b", "/c"], window=2) == [1, 1, reached]


async def test_one_event_cannot_be_two_steps_of_funnel(site):
    await tell(site, [[event(NOON, "/a")], [event(NOON, "/a", "bob"), event(NOON, "/a", "bob")]])
    assert await counts(site, steps=["/a", "/a"]) == [2, 1]
    assert await counts(site, steps=["/*", "**", "/a"]) == [2, 1, 0]


async def test_single_star_stays_within_segment_and_double_star_does_not(site):
    paths = ["/blog", "/blog/a", "/blog/a/b", "/blogs", "/x.y", "/xzy"]
    await tell(site, [[event(NOON, page, f"reader of {page}") for page in paths]])
    assert await counts(site, pages=["/blog/*"]) == [1]
    assert await counts(site, pages=["/blog/**"]) == [2]
    assert await counts(site, pages=["/*"]) == [4]
    assert await counts(site, pages=["**"]) == [6]
    assert await counts(site, pages=["/x.y"]) == [1]


async def test_visitor_funnel_spans_visits_and_visit_funnel_does_not(site):
    await tell(site, [[event(NOON, "/a"), event(NOON + 2 * HOUR, "/b")]])
    assert await counts(site, steps=["/a", "/b"]) == [1, 1]
    assert await counts(site, steps=["/a", "/b"], unit="visit") == [1, 0]


async def test_funnel_uses_only_events_of_its_range(site):
    await tell(site, [[event(NOON, "/a"), event(NOON + HOUR, "/b")]])
    assert await counts(site, Range(NOON, NOON + HOUR), steps=["/a", "/b"]) == [1, 0]
    after = Range(NOON, NOON + HOUR + timedelta(microseconds=1))
    assert await counts(site, after, steps=["/a", "/b"]) == [1, 1]
    late = Range(NOON + timedelta(microseconds=1), NOON + DAY)
    assert await counts(site, late, steps=["/a", "/b"]) == [0, 0]


async def test_funnel_times_are_measured_from_previous_step(site):
    await tell(
        site,
        [
            [event(NOON, "/a", who), event(NOON + wait * SECOND, "/b", who)]
            for who, wait in (("ann", 10), ("bob", 20), ("eve", 60))
        ],
    )
    first, second = (await ask(site, "funnel", TEN_DAYS, steps=["/a", "/b"]))["rows"]
    assert (first["median_seconds"], first["p90_seconds"]) == (None, None)
    assert second["median_seconds"] == 20
    assert second["p90_seconds"] == pytest.approx(52)


async def test_visitors_of_range_are_not_sum_of_its_days(site):
    await tell(site, [[event(NOON + n * DAY, "/a") for n in range(3)]])
    answer = await ask(site, "timeseries", TEN_DAYS, interval="day")
    assert sum(row["visitors"] for row in answer["rows"]) == 3
    assert answer["totals"]["visitors"] == 1
    (page,) = (await ask(site, "pages", TEN_DAYS, detail=True))["rows"]
    assert (page["visitors"], page["visits"]) == (1, 3)


async def test_cohort_is_set_by_first_visit_even_before_range(site):
    days = [NOON - 20 * DAY, NOON, NOON + 7 * DAY]
    await tell(site, [[event(day, visitor="old") for day in days]])
    await tell(site, [[event(day, visitor="new") for day in days[1:]]])
    (cohort,) = (await ask(site, "retention", TEN_DAYS, periods=3))["rows"]
    assert cohort["cohort"] == "2025-03-10"
    assert (cohort["size"], cohort["retained"]) == (1, [1, 1, 0])


async def test_late_first_visit_moves_visitor_to_earlier_cohort(site):
    await tell(site, [[event(NOON)], [event(NOON - DAY)]])
    rows = (await ask(site, "retention", TEN_DAYS, interval="day", periods=3))["rows"]
    assert [(row["cohort"], row["retained"]) for row in rows] == [("2025-03-10", [1, 1, 0])]


async def test_rolling_retention_counts_later_returns(site):
    await tell(site, [[event(NOON), event(NOON + 3 * DAY)]])
    how = {"interval": "day", "periods": 5}
    (bounded,) = (await ask(site, "retention", TEN_DAYS, **how))["rows"]
    (rolling,) = (await ask(site, "retention", TEN_DAYS, rolling=True, **how))["rows"]
    assert bounded["retained"] == [1, 0, 0, 1, 0]
    assert rolling["retained"] == [1, 1, 1, 1, 0]


@pytest.mark.parametrize("interval", ["day", "week", "month"])
@pytest.mark.parametrize("rolling", [False, True])
async def test_retention_of_unfinished_period_is_unknown(site, interval, rolling):
    now = utc_now()
    told = await tell(site, [[event(now - 40 * DAY), event(now - MINUTE)]])
    span = Range(now - 50 * DAY, now)
    how = {"interval": interval, "periods": 60, "rolling": rolling}
    (cohort,) = (await ask(site, "retention", span, timezone="UTC", **how))["rows"]
    over = {"day": 40, "week": 5, "month": 1}[interval]
    assert None not in cohort["retained"][:over]
    assert set(cohort["retained"][over + 2 :]) == {None}
    assert cohort["retained"][0] == 1
    await check_retention(site, told, span, "UTC", **how)


async def test_first_retention_cell_of_running_period_is_known(site):
    now = utc_now()
    await tell(site, [[event(now - MINUTE)]])
    answer = await ask(site, "retention", Range(now - HOUR, now), timezone="UTC", periods=3)
    (cohort,) = answer["rows"]
    assert (cohort["retained"], cohort["rates"]) == ([1, None, None], [1, None, None])


@pytest.mark.parametrize(
    ("timezone", "start", "hours"),
    [
        ("Europe/Berlin", "2025-03-29T23:00Z", 23),
        ("Europe/Berlin", "2025-10-25T22:00Z", 25),
        ("Australia/Lord_Howe", "2025-10-04T13:30Z", 23.5),
        ("Australia/Lord_Howe", "2025-04-05T13:00Z", 24.5),
        ("America/Santiago", "2025-09-07T04:00Z", 23),
        ("America/Havana", "2025-03-09T05:00Z", 23),
        ("America/Havana", "2025-11-02T04:00Z", 25),
    ],
)
async def test_day_with_clock_change_is_one_bucket(client, admin, database, timezone, start, hours):
    site = await fresh_site(client, admin, database, timezone)
    start = datetime.fromisoformat(start)
    day = str(start.astimezone(ZoneInfo(timezone)).date())
    moments = [start + n * 30 * MINUTE for n in range(int(hours * 2))]
    outside = [start - SECOND, start + hours * HOUR]
    await tell(site, [[event(moment) for moment in (*moments, *outside)]])
    answer = await site.ask("timeseries", interval="day", **{"from": day, "to": day})
    (row,) = answer["rows"]
    assert datetime.fromisoformat(row["time"]) == start
    assert row["pageviews"] == len(moments) == hours * 2
    around = Range(start - 2 * DAY, start + 3 * DAY)
    days = (await ask(site, "timeseries", around, interval="day"))["rows"]
    assert [row["pageviews"] for row in days if row["pageviews"]] == [1, len(moments), 1]


async def test_day_without_midnight_is_one_local_day(site):
    start = datetime(2025, 9, 7, 4, tzinfo=UTC)
    last = start + 2 * DAY - 30 * MINUTE
    await tell(site, [[event(last)]])
    span = Range(start, start + 2 * DAY)
    answer = await ask(site, "timeseries", span, interval="day", timezone="America/Santiago")
    assert [row["pageviews"] for row in answer["rows"]] == [0, 0, 1]


@pytest.mark.parametrize("timezone", list(EDGES))
@pytest.mark.parametrize("interval", ["hour", "day", "week", "month"])
async def test_local_buckets_add_up_to_raw_count(client, admin, database, timezone, interval):
    site = await fresh_site(client, admin, database, timezone)
    edges = [datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in EDGES[timezone]]
    moments = [edge + n * 20 * MINUTE for edge in edges for n in range(-40, 40)]
    await tell(site, [[event(moment) for moment in moments]])
    for edge in edges:
        span = Range(edge - 40 * 20 * MINUTE, edge + 40 * 20 * MINUTE)
        answer = await ask(site, "timeseries", span, interval=interval)
        raw = sum(span.has(moment) for moment in moments)
        assert sum(row["pageviews"] for row in answer["rows"]) == raw
        assert answer["totals"]["pageviews"] == raw
        assert all(row["time"] < span.upper.isoformat() for row in answer["rows"])


async def test_visit_belongs_to_range_of_its_start_and_page_views_to_their_own(site):
    await tell(site, [[event(NOON - MINUTE, "/in"), event(NOON, "/out")]])
    before = Range(NOON - HOUR, NOON)
    after = Range(NOON, NOON + HOUR)
    first = await ask(site, "pages", before, detail=True)
    second = await ask(site, "pages", after, detail=True)
    assert [row["page"] for row in first["rows"]] == ["/in"]
    assert [row["page"] for row in second["rows"]] == ["/out"]
    assert (first["totals"]["visits"], first["totals"]["pageviews"]) == (1, 1)
    assert (second["totals"]["visits"], second["totals"]["pageviews"]) == (0, 1)
    (out,) = second["rows"]
    assert (out["visitors"], out["visits"], out["exits"]) == (1, 1, 0)
    (visit,) = (await ask(site, "sessions", before))["rows"]
    assert visit["path"] == ["/in", "/out"]


async def test_range_with_same_day_at_both_ends_is_whole_day(client, admin, database):
    site = await fresh_site(client, admin, database, "Europe/Berlin")
    start = datetime(2025, 3, 10, 23, tzinfo=UTC)
    inside = [start, start + 12 * HOUR, start + DAY - SECOND]
    await tell(site, [[event(time) for time in (start - SECOND, *inside, start + DAY)]])
    answer = await site.ask("pages", **{"from": "2025-03-11", "to": "2025-03-11"})
    assert answer["totals"]["pageviews"] == 3
