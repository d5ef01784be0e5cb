"""Views of rollups for people who read by SQL (api.sql_access), in the schema `analytics`.

They have what the function of a rollup does in themselves: PostgreSQL reads the tables of a view
with the rights of its owner, but those of a function that is called in it with the rights of
whoever asks, who has none on tables.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString

from psycopg import sql

from api.rollups.ddl import live_rows_sql, rollup_rows_sql
from api.rollups.model import Rollup
from api.rollups.statements import Connection

SHOWN: dict[str, str] = {
    "traffic": "Visits by the hour in which they started.",
    "activity": "Page views and custom events by hour.",
    "sources": "Visits by hour and traffic source.",
    "devices": "Visits by hour and software.",
    "locations": "Visits by day and location.",
    "entries": "Visits by day and the page that they began on.",
    "exits": "Visits by day and the page that they ended on.",
    "pages": "Page views by day and page.",
}
"""The rollups that have a view, and what that has. Not the hourly ones that expire, those that only
repeat others in wider buckets, and visitor bitmaps: visitors are counted in v_visits."""

SUMS: dict[str, tuple[LiteralString, str]] = {
    "visits": ("sum(r.visits)::bigint as visits", "Visits that started in it."),
    "visits_with_pageview": (
        "sum(r.visits_with_pageview)::bigint as visits_with_pageview",
        "Visits with a page view. Bounce rate: bounces / visits_with_pageview.",
    ),
    "bounces": ("sum(r.bounces)::bigint as bounces", "Visits that bounced."),
    "visit_duration_us": (
        "sum(r.visit_duration_us)::float8 / 1e6 as visit_duration_seconds",
        "The seconds of all visits together.",
    ),
    "visit_pageviews": (
        "sum(r.visit_pageviews)::bigint as visit_pageviews",
        "Page views of these visits.",
    ),
    "pageviews": ("sum(r.pageviews)::bigint as pageviews", "Page views."),
    "custom_events": (
        "sum(r.custom_events)::bigint as custom_events",
        "Events other than page views and engagement.",
    ),
    "engaged_seconds": (
        "sum(r.engaged_seconds)::float8 as engaged_seconds",
        "The engaged seconds that were reported.",
    ),
}
"""The columns of measures that are shown in another way than as their sum, or need words."""

DIMENSIONS: dict[str, str] = {
    "channel": "The kind of source, e.g. Organic Search.",
    "source": "Where visits came from; empty for direct traffic.",
    "referrer_domain": "The registrable domain that they came from.",
    "medium": "The campaign tag utm_medium.",
    "campaign": "The campaign tag utm_campaign.",
    "device": "desktop, mobile, tablet …",
    "browser": "The name of the browser.",
    "os": "The name of the operating system.",
    "country": "ISO 3166-1 alpha-2.",
    "region": "The name of the region.",
    "city": "The name of the city.",
    "entry_page": "The page of the first page view.",
    "exit_page": "The page of the last page view.",
    "page": "The path of the page.",
}


def shown(rollups: Sequence[Rollup]) -> list[Rollup]:
    """Those of these rollups that have a view."""
    return [rollup for rollup in rollups if rollup.name in SHOWN and rollup.measures]


def sql_view_sql(rollup: Rollup) -> LiteralString:
    """The view of a rollup. Rows of one bucket are added up: the late log counts old rows -1."""
    keys: list[LiteralString] = [f"r.{name}" for name in ("bucket", *rollup.dimensions)]
    sums: list[LiteralString] = [column_of(name)[0] for name in rollup.measures]
    counted: list[LiteralString] = [f"sum(r.{name}) <> 0" for name in rollup.measures]
    rows = rollup_rows_sql(rollup, live_rows_sql(rollup, inlined=True))
    rows = rows.replace("$1", "own.id").replace("$2", "timestamptz '-infinity'")
    rows = rows.replace("$3", "timestamptz 'infinity'")
    return (
        f"create view analytics.v_{rollup.name} with (security_barrier) as"
        f" select own.key as site, {', '.join(keys)}, {', '.join(sums)}"
        f" from sql_site own cross join lateral ({rows}) r"
        f" group by own.key, {', '.join(keys)} having {' or '.join(counted)}"
    )


def column_of(measure: LiteralString) -> tuple[LiteralString, str]:
    """The column of a measure, and what it means."""
    summed: LiteralString = f"sum(r.{measure})::float8 as {measure}"
    return SUMS.get(measure, (summed, f"The sum of {measure.replace('_', ' ')}."))


def comments_of(rollup: Rollup) -> dict[str, str]:
    """What each column of the view of a rollup means, by name."""
    width = "hour" if rollup.width == timedelta(hours=1) else "day"
    columns = [column_of(name) for name in rollup.measures]
    sums = {column.rsplit(" ", 1)[-1]: meaning for column, meaning in columns}
    dimensions = {name: DIMENSIONS.get(name, f"The {name}.") for name in rollup.dimensions}
    start = f"The start of the {width}, in UTC."
    return {"site": "The key of the site.", "bucket": start, **dimensions, **sums}


async def create_sql_views(connection: Connection, rollups: Sequence[Rollup]) -> None:
    """Creates the views anew. Everybody may read them: who has no site sees no row."""
    for name in SHOWN:
        view = sql.Identifier("analytics", f"v_{name}")
        await connection.execute(sql.SQL("drop view if exists {}").format(view))
    for rollup in shown(rollups):
        view = sql.Identifier("analytics", f"v_{rollup.name}")
        await connection.execute(sql_view_sql(rollup))
        await connection.execute(sql.SQL("grant select on {} to public").format(view))
        await comment(connection, sql.SQL("view {}").format(view), SHOWN[rollup.name])
        for name, text in comments_of(rollup).items():
            column = sql.Identifier("analytics", f"v_{rollup.name}", name)
            await comment(connection, sql.SQL("column {}").format(column), text)


async def comment(connection: Connection, what: sql.Composed, text: str) -> None:
    await connection.execute(sql.SQL("comment on {} is {}").format(what, sql.Literal(text)))
