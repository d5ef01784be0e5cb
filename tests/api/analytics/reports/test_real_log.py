"""Reports about a real log against the same numbers by pandas, which knows nothing of the service.

The page views are read as they were imported: who, when, which page, in which order within a
second. Visits and everything above them are worked out here, table by table.
"""

from typing import Any

import pandas as pd
import pytest
import ua_parser

from api.db.database import Database
from conftest import TestSite
from oracle.access_log import (
    BROWSER_NAMES,
    browser_of,
    host_of,
    is_doubtful,
    read_log,
    referrer_domain,
)
from oracle.steps import page_fits
from oracle.telling import DOMAIN, REAL_LOG, SHOWN_AS, check, import_real_log

DAYS = {"from": "2015-05-17", "to": "2015-05-20"}
GAP = pd.Timedelta(minutes=30)
ALL = 1000
FEATURED = "/projects/xdotool/"
STEPS = ["/**", "/projects/**", "/**"]
ZONES = ["UTC", "Asia/Kathmandu"]

Row = dict[str, Any]


@pytest.fixture(scope="session")
async def log(client: Any, admin: Any, database: Database) -> TestSite:
    """A site with the log imported."""
    await import_real_log(database, "pandas")
    return TestSite("pandas", client, admin, database)


@pytest.fixture(scope="session")
async def views(log: TestSite, database: Database) -> pd.DataFrame:
    """The page views in order, each with the number of its visit."""
    async with await database.connect() as connection:
        cursor = await connection.execute(
            "select visitor_id, time, event.id::text, page, referrer from event"
            " join site on site.id = site_id where key = %s",
            [log.key],
        )
        rows = await cursor.fetchall()
    frame = pd.DataFrame(rows, columns=["visitor", "time", "id", "page", "referrer"])
    frame = frame.sort_values(["visitor", "time", "id"], ignore_index=True)
    pause = frame.groupby("visitor")["time"].diff()
    return frame.assign(visit=(pause.isna() | (pause > GAP)).cumsum())


@pytest.fixture(scope="session")
def visits(views: pd.DataFrame) -> pd.DataFrame:
    """One row for each visit."""
    found = views.groupby("visit").agg(
        visitor=("visitor", "first"),
        started=("time", "first"),
        ended=("time", "last"),
        pageviews=("page", "size"),
        entry_page=("page", "first"),
        exit_page=("page", "last"),
        path=("page", list),
        referrer=("referrer", "first"),
    )
    found["duration_seconds"] = (found["ended"] - found["started"]).dt.total_seconds()
    found["is_bounce"] = found["pageviews"] == 1
    return found


async def rows_of(log: TestSite, report: str, **params: Any) -> list[Row]:
    """All rows of a report, however many."""
    answer = await log.ask(report, **DAYS, **params)
    if answer["page"] is None:
        return answer["rows"]
    rows: list[Row] = []
    start: int | None = 0
    while start is not None:
        answer = await log.ask(report, limit=ALL, offset=start, **DAYS, **params)
        rows += answer["rows"]
        start = answer["page"]["next"]
    assert answer["page"]["total"] in (len(rows), None)
    return rows


# ------------------------------------------------------------------------------------ visits


async def test_every_page_view_of_log_is_imported(views: pd.DataFrame) -> None:
    assert len(views) == read_log(REAL_LOG, DOMAIN, ua_parser.parser).pageviews


async def test_visits_equal_those_of_log(log: TestSite, visits: pd.DataFrame) -> None:
    columns = ["started", "ended", "duration_seconds", "pageviews", "is_bounce"]
    columns += ["entry_page", "exit_page", "path"]
    rows = await rows_of(log, "sessions")
    assert [row["started"] for row in rows] == sorted(
        (row["started"] for row in rows), reverse=True
    )
    found = pd.DataFrame(rows)[columns]
    for column in ("started", "ended"):
        found[column] = pd.to_datetime(found[column], utc=True, format="ISO8601")
    assert canonical(found) == canonical(visits[columns])


def canonical(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The rows of a frame in an order of their own."""
    return sorted(frame.itertuples(index=False, name=None))


async def test_totals_equal_those_of_log(log: TestSite, visits: pd.DataFrame) -> None:
    totals = (await log.ask("sessions", **DAYS))["totals"]
    assert totals == pytest.approx(numbers_of(visits), rel=1e-9)


def numbers_of(visits: pd.DataFrame) -> Row:
    """What the sessions report says of visits together."""
    return {
        "visits": len(visits),
        "visitors": visits["visitor"].nunique(),
        "visit_duration_seconds": visits["duration_seconds"].mean(),
        "median_duration_seconds": visits["duration_seconds"].median(),
        "views_per_visit": visits["pageviews"].mean(),
        "bounce_rate": visits["is_bounce"].mean(),
    }


@pytest.mark.parametrize("zone", ZONES)
async def test_visits_over_time_equal_those_of_log(
    log: TestSite, visits: pd.DataFrame, zone: str
) -> None:
    rows = await rows_of(log, "sessions/series", interval="day", timezone=zone)
    days = visits["started"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
    expected = {day: numbers_of(some) for day, some in visits[in_days(visits, zone)].groupby(days)}
    found = {local_day(row["time"], zone): row for row in rows}
    assert set(found) == set(expected)
    for day, numbers in expected.items():
        check(found[day], numbers)


def local_day(time: str, zone: str) -> str:
    """The day on which a time is."""
    return pd.Timestamp(time).tz_convert(zone).strftime("%Y-%m-%d")


def in_days(visits: pd.DataFrame, zone: str) -> pd.Series:
    """The visits that began in the days asked about, as they are in a zone."""
    day = visits["started"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d")
    return (day >= DAYS["from"]) & (day <= DAYS["to"])


# ------------------------------------------------------------------------------------- pages


async def test_pages_equal_those_of_log(
    log: TestSite, views: pd.DataFrame, visits: pd.DataFrame
) -> None:
    expected = views.groupby("page").agg(
        pageviews=("id", "size"), visitors=("visitor", "nunique"), visits=("visit", "nunique")
    )
    entered = visits.groupby("entry_page")
    expected["entries"] = entered.size()
    expected["exits"] = visits.groupby("exit_page").size()
    expected = expected.fillna(0).astype(int).assign(bounce_rate=entered["is_bounce"].mean())
    expected["exit_rate"] = expected["exits"] / expected["pageviews"]
    gaps = views.groupby("visit")["time"].diff().shift(-1).dt.total_seconds()
    last = views["visit"] != views["visit"].shift(-1)
    expected["time_on_page_seconds"] = gaps.mask(last).groupby(views["page"]).mean()
    rows = await rows_of(log, "pages", detail=True)
    assert {row["page"] for row in rows} == set(expected.index)
    for row in rows:
        check(row, known(expected.loc[row["page"]]))


def known(numbers: pd.Series) -> Row:
    """Numbers by name, with nothing where pandas has none."""
    return {name: None if pd.isna(number) else float(number) for name, number in numbers.items()}


@pytest.mark.parametrize(("report", "edge"), [("entries", "entry_page"), ("exits", "exit_page")])
async def test_entry_and_exit_pages_equal_those_of_log(
    log: TestSite, visits: pd.DataFrame, report: str, edge: str
) -> None:
    await check_breakdown(await rows_of(log, report), visits, edge)


async def check_breakdown(rows: list[Row], visits: pd.DataFrame, dimension: str) -> None:
    """Every value of a dimension of visits."""
    expected = visits.groupby(dimension).agg(
        visits=("visitor", "size"),
        visitors=("visitor", "nunique"),
        views_per_visit=("pageviews", "mean"),
        bounce_rate=("is_bounce", "mean"),
        visit_duration_seconds=("duration_seconds", "mean"),
    )
    expected["share"] = expected["visits"] / len(visits)
    assert {row[dimension] for row in rows} == set(expected.index)
    for row in rows:
        check(row, known(expected.loc[row[dimension]]))


async def test_referrers_equal_those_of_log(log: TestSite, visits: pd.DataFrame) -> None:
    def domain(referrer: str) -> str:
        return "" if is_doubtful(host_of(referrer)) else referrer_domain(referrer, DOMAIN)

    rows = await rows_of(log, "traffic-sources", dimension="referrer")
    await check_breakdown(rows, visits.assign(referrer=visits["referrer"].map(domain)), "referrer")


async def test_browsers_equal_those_of_log(log: TestSite) -> None:
    seen = read_log(REAL_LOG, DOMAIN, ua_parser.parser).all_visits
    agents = pd.Series([visit.views[0].ua for visit in seen])
    families = agents.map(lambda ua: browser_of(ua, ua_parser.parser))
    expected = families.replace(BROWSER_NAMES).replace(SHOWN_AS).value_counts()
    rows = await rows_of(log, "devices", dimension="browser")
    assert {row["browser"]: row["visits"] for row in rows} == expected.to_dict()


@pytest.mark.parametrize("zone", ZONES)
async def test_heatmap_equals_that_of_log(log: TestSite, visits: pd.DataFrame, zone: str) -> None:
    some = visits[in_days(visits, zone)]
    local = some["started"].dt.tz_convert(zone)
    by_hour = some.groupby([local.dt.day_of_week + 1, local.dt.hour])["visitor"]
    expected = pd.DataFrame({"visits": by_hour.size(), "visitors": by_hour.nunique()})
    rows = await rows_of(log, "heatmap", timezone=zone)
    cells = {(row["weekday"], row["hour"]): (row["visits"], row["visitors"]) for row in rows}
    assert cells == {cell: tuple(numbers) for cell, numbers in expected.T.to_dict("list").items()}


# ------------------------------------------------------------------------------------ people


@pytest.fixture(scope="session")
def presence(visits: pd.DataFrame) -> pd.DataFrame:
    """Who was there on which of the days: a row for each visitor, a column for each day."""
    day = visits["started"].dt.strftime("%Y-%m-%d")
    return pd.crosstab(visits["visitor"], day).astype(bool)


async def test_lifecycle_equals_that_of_log(log: TestSite, presence: pd.DataFrame) -> None:
    before = presence.shift(axis="columns", fill_value=False)
    ever = before.cumsum(axis="columns").astype(bool)
    expected = pd.DataFrame(
        {
            "new": (presence & ~ever).sum(),
            "returning": (presence & before).sum(),
            "resurrected": (presence & ever & ~before).sum(),
            "dormant": (before & ~presence).sum(),
        }
    )
    rows = await rows_of(log, "lifecycle", interval="day")
    assert [row["time"][:10] for row in rows] == list(expected.index)
    for row in rows:
        check(row, known(expected.loc[row["time"][:10]]))


async def test_stickiness_equals_that_of_log(log: TestSite, presence: pd.DataFrame) -> None:
    rows = await rows_of(log, "stickiness")
    daily = presence.sum()
    so_far = presence.cumsum(axis="columns").astype(bool).sum()
    assert [row["dau"] for row in rows] == list(daily)
    assert [row["wau"] for row in rows] == [row["mau"] for row in rows] == list(so_far)
    check([row["dau_mau"] for row in rows], list((daily / so_far).astype(float)))


async def test_retention_equals_that_of_log(log: TestSite, presence: pd.DataFrame) -> None:
    rows = await rows_of(log, "retention", interval="day", periods=4)
    first = presence.idxmax(axis="columns")
    for row in rows:
        members = presence[first == row["cohort"]].loc[:, row["cohort"] :]
        came = [*members.sum(), 0, 0, 0, 0][:4]
        assert (row["size"], row["retained"]) == (len(members), came)
    assert sum(row["size"] for row in rows) == len(presence)


# -------------------------------------------------------------------------------------- ways


@pytest.mark.parametrize("direction", ["from", "to"])
@pytest.mark.parametrize("page", [None, FEATURED])
async def test_paths_equal_those_of_log(
    log: TestSite, views: pd.DataFrame, page: str | None, direction: str
) -> None:
    steps, kept = 4, 8
    said = {"direction": direction, "steps": steps} | ({"page": page} if page else {})
    rows = (await log.ask("paths", limit=kept, **said, **DAYS))["rows"]
    walked = views[views["page"] != views.groupby("visit")["page"].shift()]
    walked = walked if direction == "from" else walked[::-1]
    if page:
        walked = walked[(walked["page"] == page).groupby(walked["visit"]).cummax()]
    walked = walked.assign(step=walked.groupby("visit").cumcount() + 1)
    walked = walked[walked["step"] <= steps]
    sizes = walked.groupby(["step", "page"], as_index=False).size()
    sizes = sizes.sort_values(["step", "size", "page"], ascending=[True, False, True])
    names = sizes.groupby("step").head(kept)[["step", "page"]].assign(named=True)
    walked = walked.merge(names, how="left", on=["step", "page"])
    walked["page"] = walked["page"].where(walked["named"].notna(), "(other)")
    walked["next"] = walked.groupby("visit")["page"].shift(-1).fillna("(end)")
    links = walked[walked["step"] < steps].groupby(["step", "page", "next"]).size()
    assert {link_of(row): row["visits"] for row in rows} == links.to_dict()


def link_of(row: Row) -> tuple[int, str, str]:
    """A link by the names that are used here."""
    following = "(end)" if row["ends"] else row["next_page"] or "(other)"
    return row["step"], row["page"] or "(other)", following


@pytest.mark.parametrize("unit", ["visitor", "visit"])
@pytest.mark.parametrize("mode", ["ordered", "strict"])
async def test_funnels_equal_those_of_log(
    log: TestSite, views: pd.DataFrame, unit: str, mode: str
) -> None:
    fits = [views["page"].map(lambda page, step=step: page_fits(page, step)) for step in STEPS]
    grouped = views[unit]
    reached = fits[0]
    counts = [views.loc[reached, unit].nunique()]
    for fit in fits[1:]:
        before = reached.groupby(grouped).shift(fill_value=False)
        before = before if mode == "strict" else before.groupby(grouped).cummax()
        reached = before & fit
        counts.append(views.loc[reached, unit].nunique())
    rows = (await log.ask("funnel", steps=STEPS, unit=unit, mode=mode, **DAYS))["rows"]
    assert [row["count"] for row in rows] == counts
    assert counts[0] > counts[1] > counts[2] > 0
