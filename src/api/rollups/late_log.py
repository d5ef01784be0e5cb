"""The log of late changes: when it is folded into stored buckets, and when it is done with.

The writer logs what comes late to stored buckets, and readers add it to them. At two ages (see
schedule) such a bucket is marked dirty and computed again; from then on its stored rows contain the
change, and its number. What all rollups contain need not be logged any more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection

from api.rollups.ddl import last_change_sql
from api.rollups.model import Rollup, late_log
from api.rollups.schedule import LATE_AGE, LONGEST_LATE

Connection = AsyncConnection[Any]


async def mark_late_buckets(
    connection: Connection, rollup: Rollup, now: datetime, everything: bool
) -> None:
    """Marks the stored buckets with late changes in the log that have passed one of the two ages
    since the rollup was refreshed, or all of them when everything is wanted."""
    known = last_change_sql(rollup, "d.site_id", "d.bucket")
    await connection.execute(
        f"""
        insert into rollup_dirty (rollup, site_id, bucket, due_at)
        select distinct r.name, d.site_id, d.bucket, %(now)s::timestamptz
        from ({changes(rollup)}) d
        join rollup_state r on r.name = %(rollup)s
            and d.time >= r.rows_since and d.time < r.watermark
        join site on site.id = d.site_id and d.time >= coalesce(site.raw_data_since, '-infinity')
        where change > coalesce({known}, 0) and (
            %(everything)s
            or d.bucket > coalesce(r.refreshed_at, '-infinity') - %(late)s::interval
                and d.bucket <= %(now)s - %(late)s
            or d.bucket <= %(now)s - %(latest)s::interval
        )
        order by 1, 2, 3
        on conflict do nothing
        """,
        {
            "rollup": rollup.name,
            "now": now,
            "everything": everything,
            "late": rollup.width + LATE_AGE,
            "latest": rollup.width + LONGEST_LATE,
        },
    )


def changes(rollup: Rollup) -> LiteralString:
    """What is logged of the rows that a rollup sums up, with the buckets of them."""
    fact = rollup.fact
    return (
        f"select site_id, change, {fact.time} as time, {rollup.floor(fact.time)} as bucket"
        f" from {late_log(fact.table)} where {rollup.only}"
    )


async def prune_log(connection: Connection, rollups: Sequence[Rollup]) -> None:
    """Removes what every rollup knows whose rows are stored that far."""
    # Wide buckets first: they learn of a change last.
    widest = sorted(rollups, key=lambda rollup: rollup.width, reverse=True)
    tables: set[LiteralString] = {rollup.fact.table for rollup in rollups}
    for table in tables:
        about = [rollup for rollup in widest if rollup.fact.table == table]
        await connection.execute(prune_sql(table, about))


def prune_sql(table: LiteralString, rollups: Sequence[Rollup]) -> LiteralString:
    """Deletes from the log of a table what all of these rollups know."""
    known: LiteralString = " and ".join(f"({is_folded_in(rollup)})" for rollup in rollups)
    return f"delete from {late_log(table)} c where {known}"


def is_folded_in(rollup: Rollup) -> LiteralString:
    """Whether a rollup needs a row (c) of the log no more: it does not count such rows, has no
    stored rows of that time (yet, or any more), or has the change in them."""
    time: LiteralString = f"c.{rollup.fact.time}"
    last = last_change_sql(rollup, "c.site_id", rollup.floor(time))
    return (
        f"not ({rollup.only}) or change <= {last}"
        f" or not exists (select from rollup_state r where r.name = '{rollup.name}'"
        f" and {time} >= r.rows_since and {time} < r.watermark)"
    )
