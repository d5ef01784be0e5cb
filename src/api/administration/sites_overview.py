"""GET /api/analytics/sites: the sites that somebody may read, with their visitors of 30 days."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from api.administration.site_models import AfterKey, SiteOut, SiteSearch
from api.administration.sites import list_sites
from api.analytics.execute import build_query
from api.analytics.planner import choose_tables, expired_edges, only_rollups
from api.analytics.query import Params
from api.analytics.query import Query as Question
from api.analytics.question import VISITORS, sql_file
from api.analytics.reports.timeseries import TIMESERIES, TimeseriesParams
from api.analytics.time.buckets import Interval, ends_of
from api.analytics.time.ranges import Clock, Range
from api.analytics.turns import AppTurns
from api.auth.access import KnownCaller
from api.auth.application import AppDatabase, AppSites
from api.db.database import Database
from api.db.sql_files import Fragment
from api.rollups.available import available_rollups
from api.rollups.definitions import DAILY_VISITORS, ROLLUPS, VISITS
from api.rollups.model import Rollup
from api.sites.models import Site, utc_now

router = APIRouter(tags=["sites"])

MOST_LISTED = 50
"""How many sites are counted at once, each with 32 ranges."""


class SiteVisitors(SiteOut):
    """A site with its visitors of the last 30 local days, today included."""

    visitors: int | None
    """Distinct visitors of these days; null where that would need raw data that has expired."""
    visitors_before: int | None
    """Distinct visitors of the 30 days before, up to the same time of day; null as above."""
    visitors_by_day: list[int | None]
    """Distinct visitors of each of the days, today last; null as above."""


@router.get("/api/analytics/sites", name="overview")
async def read_overview(
    caller: KnownCaller,
    sites: AppSites,
    database: AppDatabase,
    turns: AppTurns,
    search: SiteSearch = "",
    after: AfterKey = "",
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most sites to return.")
    ] = 25,
) -> list[SiteVisitors]:
    """The sites that you may read, by key, each with its visitors of 30 days, of the 30 days before
    and of each day. Superusers read all."""
    listed = await list_sites(sites, caller, search=search, after=after, limit=limit)
    found = await sites.find_all(site.key for site in listed)
    listed = [site for site in listed if site.key in found]  # not deleted meanwhile
    asked = [found[site.key] for site in listed]
    key = "sites", *(site.model_dump_json() for site in asked)
    counts = await turns.share(key, partial(count_visitors, database, asked))
    return [with_visitors(*pair) for pair in zip(listed, counts, strict=True)]


def with_visitors(site: SiteOut, counts: Sequence[int | None]) -> SiteVisitors:
    now, before, *days = counts
    return SiteVisitors(
        **site.model_dump(), visitors=now, visitors_before=before, visitors_by_day=days
    )


async def count_visitors(database: Database, sites: Sequence[Site]) -> list[list[int | None]]:
    """For each site: visitors of 30 days, of the 30 days before, and of each day, as the report
    `timeseries` counts them; None where it would be refused as expired."""
    rollups = await available_rollups(database, ROLLUPS)
    ranges = [[*ranges_of(site, rollups)] for site in sites]
    asked = [one for of_site in ranges for one in of_site if can_answer(one)]
    counted = iter(await count_ranges(database, asked, rollups))
    return [[next(counted) if can_answer(one) else None for one in of_site] for of_site in ranges]


def ranges_of(site: Site, rollups: Sequence[Rollup]) -> Iterator[Question[Params]]:
    """The questions for the ranges of a site."""
    zone, now = ZoneInfo(site.timezone), utc_now()
    params = TimeseriesParams.model_validate(
        {"site": site.key, "period": "30d", "interval": Interval.DAY, "compare": "previous"}
    )
    query = build_query(TIMESERIES, params, site, Clock(now, zone, since=site.created_at), {})
    assert query.compared
    days = zip(query.starts, ends_of(query.starts, Interval.DAY, zone), strict=True)
    ranges: list[Range] = [(query.lower, query.upper), query.compared, *days]
    for lower, upper in ranges:
        yield replace(query.whole, lower=lower, upper=min(upper, query.upper), rollups=rollups)


def can_answer(query: Question[Params]) -> bool:
    """Whether a rollup has what the range needs, or raw data is there."""
    return only_rollups(choose_tables({"visitors": VISITORS}, query)) or not expired_edges(query)


async def count_ranges(
    database: Database, asked: Sequence[Question[Params]], rollups: Sequence[Rollup]
) -> list[int]:
    """The visitors of each range, by one statement. The rollup by day reads what is left at the
    edges of a range from the rollup by hour, and what is left there from visits."""
    is_stored = any(rollup.name == DAILY_VISITORS.name for rollup in rollups)
    table = DAILY_VISITORS if is_stored else VISITS
    values = {
        "sites": [query.site.number for query in asked],
        "lowers": [query.lower for query in asked],
        "uppers": [query.upper for query in asked],
    }
    path, slots = sql_file("reports/visitors_of_ranges.sql"), {"visitors": Fragment(table.name)}
    rows = await database.rows(path, values, slots, prepare=is_stored)
    found = {row["place"]: row["visitors"] for row in rows}
    return [found.get(place, 0) for place in range(1, len(asked) + 1)]
