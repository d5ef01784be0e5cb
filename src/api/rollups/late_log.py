"""The log of late changes: when it is folded into stored buckets, and when it is done with.

The writer logs what comes late to stored buckets, and readers add it to them. At some ages (see
schedule) such a bucket is marked dirty and computed again; from then on its stored rows contain the
change, and its number. What all rollups contain need not be logged any more.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from api.rollups.ddl import last_change_sql
from api.rollups.model import Rollup, late_log
from api.rollups.schedule import LATE_AGES, LONGEST_LATE
from api.rollups.statements import Connection, execute


async def mark_late_buckets(
    connection: Connection, rollup: Rollup, now: datetime, everything: bool
) -> None:
    """Marks the stored buckets with late changes in the log that have passed one of these ages
    since the rollup was refreshed, or all of them when everything is wanted."""
    values = {
        "name": rollup.name,
        "now": now,
        "everything": everything,
        "late_ages": [*LATE_AGES],
        "longest_late": LONGEST_LATE,
    }
    await execute(connection, "mark_late", values, rollup)


async def prune_log(connection: Connection, rollups: Sequence[Rollup]) -> None:
    """Removes from the log what every rollup contains whose rows are stored that far."""
    # Wide buckets first: they contain a change last.
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
