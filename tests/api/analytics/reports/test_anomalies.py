"""The anomalies report: refusals, whole answers against the oracle, and small counts."""

from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from api.sites.models import utc_now
from conftest import TestSite
from oracle.forecasts import anomalies, judged
from oracle.histories import DAY, HOUR
from oracle.periods import Range, bucket_of
from oracle.reports import timeseries
from oracle.site import Site
from oracle.telling import ask, check, event, fresh_site, tell

BERLIN = "Europe/Berlin"
ZONE = ZoneInfo(BERLIN)
BEGIN = datetime(2025, 2, 10, tzinfo=ZONE)

Counts = dict[datetime, int]


async def berlin(client: Any, admin: Any, database: Any) -> TestSite:
    """A site in Berlin on which nothing has happened."""
    return await fresh_site(client, admin, database, BERLIN)


def crowd(counts: Counts) -> list[Any]:
    """So many visits after each moment, each by somebody else."""
    return [
        event(start + n * timedelta(seconds=20), visitor=f"guest {start:%m%d%H}-{n}")
        for start, count in counts.items()
        for n in range(count)
    ]


def noons(number: int, count: int) -> Counts:
    """Visits at noon of so many days."""
    return {BEGIN + n * DAY + 12 * HOUR: count for n in range(number)}


async def refusal(site: TestSite, **asked: Any) -> list[dict[str, Any]]:
    """What is wrong with a question."""
    path = "/api/analytics/anomalies"
    answer = await site.client.get(path, params={"site": site.key, **asked}, headers=site.admin)
    assert answer.status_code == 422, answer.text
    return answer.json()["problems"]


async def test_range_without_three_weeks_before_it_is_refused(
    client: Any, admin: Any, database: Any
) -> None:
    site = await berlin(client, admin, database)
    needed = "no whole day of the range has 3 weeks of visits before it"
    assert (await refusal(site))[0]["problem"] == needed
    await tell(site, [crowd(noons(22, 2))])
    for last, is_judged in ((20, False), (21, True)):
        span = Range(BEGIN, BEGIN + (last + 1) * DAY)
        bounds = {"from": span.lower.isoformat(), "to": span.upper.isoformat()}
        if is_judged:
            totals = (await ask(site, "anomalies", span))["totals"]
            assert (totals["judged"], totals["anomalies"]) == (1, 0)
        else:
            assert (await refusal(site, **bounds))[0]["problem"] == needed


async def test_unknown_values_are_refused_with_all_problems(site: TestSite) -> None:
    asked = {"metric": "luck", "interval": "minute", "weeks": 2, "threshold": 0, "order": "time"}
    problems = {problem["where"]: problem for problem in await refusal(site, **asked)}
    assert problems.keys() == asked.keys()


async def check_anomalies(
    site: TestSite, told: Site, span: Range, interval: str, weeks: int, threshold: float
) -> dict[str, Any]:
    """The answer, after it was compared with the oracle's."""
    how = {"interval": interval, "weeks": weeks, "threshold": threshold}
    answer = await ask(site, "anomalies", span, **how)
    season = 7 if interval == "day" else 168
    read = Range(span.lower - weeks * 7 * DAY, span.upper)
    series = timeseries(told, read, interval, BERLIN)
    local = [row["time"].astimezone(ZONE) for row in series]
    places = [one.weekday() * (season // 7) + (one.hour if season > 7 else 0) for one in local]
    values = [row["visits"] for row in series]
    judgements = [
        judgement if time >= span.lower else None
        for time, judgement in zip(local, judged(values, places, season, weeks), strict=True)
    ]
    found = anomalies(values, judgements, threshold)
    check(answer["rows"], [{"time": local[place], **row} for place, row in found.items()])
    counted = [time for time, one in zip(local, judgements, strict=True) if one]
    begins = next(time for time, value in zip(local, values, strict=True) if value)
    summary = {
        "judged": len(counted),
        "anomalies": len(found),
        "judged_from": counted[0],
        "judged_to": span.upper,
        "compared_from": begins,
    }
    check(answer["totals"], summary)
    return answer


async def test_anomalous_days_are_what_oracle_finds(client: Any, admin: Any, database: Any) -> None:
    site, rng = await berlin(client, admin, database), Random(5)
    counts = {moment: rng.randrange(3, 9) for moment in noons(75, 0)}
    moments = [*counts]
    counts[moments[60]], counts[moments[64]], counts[moments[66]] = 60, 0, 25
    told = await tell(site, [crowd(counts)])
    span = Range(BEGIN + 55 * DAY, BEGIN + 75 * DAY)
    answer = await check_anomalies(site, told, span, "day", 8, 3)
    assert moments[60] - 12 * HOUR in [
        datetime.fromisoformat(row["time"]) for row in answer["rows"]
    ]
    await site.refresh()
    for weeks, threshold in ((8, 1), (3, 1.5), (26, 2)):
        answer = await check_anomalies(site, told, span, "day", weeks, threshold)
        assert answer["rows"]


async def test_anomalous_hours_are_what_oracle_finds(
    client: Any, admin: Any, database: Any
) -> None:
    site, rng = await berlin(client, admin, database), Random(6)
    hours = [BEGIN + n * HOUR for n in range(24 * 33)]
    counts = {hour: rng.randrange(2) for hour in hours}
    counts[hours[24 * 30 + 5]] = 40
    told = await tell(site, [crowd(counts)])
    span = Range(hours[24 * 29], hours[24 * 32])
    answer = await check_anomalies(site, told, span, "hour", 4, 4)
    assert [row["observed"] for row in answer["rows"]] == [40]
    await check_anomalies(site, told, span, "hour", 4, 1)


async def test_few_visits_where_none_are_usual_are_no_anomaly(
    client: Any, admin: Any, database: Any
) -> None:
    site = await berlin(client, admin, database)
    first = {BEGIN: 1}
    for number, is_anomaly in ((3, False), (12, True)):
        told = {BEGIN + (30 + number) * DAY: number}
        await tell(site, [crowd(first | told)])
        day = BEGIN + (30 + number) * DAY
        answer = await ask(site, "anomalies", Range(day, day + DAY))
        assert bool(answer["rows"]) is is_anomaly
        first = {}


async def test_anomaly_does_not_hide_the_next_one(client: Any, admin: Any, database: Any) -> None:
    site, counts = await berlin(client, admin, database), noons(50, 6)
    moments = [*counts]
    for place in (35, 42):
        counts[moments[place]] = 60
    await tell(site, [crowd(counts)])
    answer = await ask(site, "anomalies", Range(BEGIN + 30 * DAY, BEGIN + 50 * DAY))
    assert [row["observed"] for row in answer["rows"]] == [60, 60]
    assert [row["expected"] for row in answer["rows"]] == [6, 6]


async def test_drop_is_an_anomaly_with_a_negative_score(
    client: Any, admin: Any, database: Any
) -> None:
    site, counts = await berlin(client, admin, database), noons(40, 20)
    del counts[[*counts][35]]
    await tell(site, [crowd(counts)])
    (row,) = (await ask(site, "anomalies", Range(BEGIN + 30 * DAY, BEGIN + 40 * DAY)))["rows"]
    assert (row["observed"], row["expected"]) == (0, 20)
    assert row["score"] < -4
    assert 0 < row["lower"] < 20 < row["upper"]


async def test_running_hour_is_not_judged(client: Any, admin: Any, database: Any) -> None:
    site = await berlin(client, admin, database)
    now = utc_now()
    hour = bucket_of(now, "hour", ZONE)
    await tell(site, [crowd({hour - n * 7 * DAY: 30 for n in range(1, 5)})])
    totals = (await site.ask("anomalies", interval="hour"))["totals"]
    assert datetime.fromisoformat(totals["judged_to"]) == hour
    assert totals["anomalies"] == 0
