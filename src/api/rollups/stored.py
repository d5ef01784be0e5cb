"""Where the rows of a rollup are stored, and how they are computed again.

On TimescaleDB Community they are a continuous aggregate's, elsewhere a table's of the same columns.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg import sql

from api.db.engine import Engine
from api.rollups.ddl import recompute_sql
from api.rollups.model import Rollup
from api.rollups.schedule import Mark
from api.rollups.statements import Connection, execute, fetch_value


async def stored_table(connection: Connection, engine: Engine, rollup: Rollup) -> sql.Identifier:
    """The table that has the stored rows: ours, or the one behind a continuous aggregate."""
    table = await aggregate_table(connection, rollup) if engine.hypertables else None
    return table or sql.Identifier(f"{rollup.name}_stored")


async def aggregate_table(connection: Connection, rollup: Rollup) -> sql.Identifier | None:
    """The table behind the continuous aggregate of a rollup; None where it is stored in ours, as it
    was if the server had another licence then."""
    values = {"view": f"{rollup.name}_stored"}
    row = await (await execute(connection, "aggregate_table", values)).fetchone()
    return sql.Identifier(*row) if row else None


async def complete_since(connection: Connection, engine: Engine, rollup: Rollup) -> datetime:
    """From when on every site has its raw data, so that the engine may refresh for all of them;
    never, where it stores nothing or its licence does not let it."""
    if not engine.continuous_aggregates or await aggregate_table(connection, rollup) is None:
        return datetime.max.replace(tzinfo=UTC)
    return await fetch_value(connection, "last_line") or datetime.min.replace(tzinfo=UTC)


async def refresh_continuous_aggregate(
    connection: Connection, rollup: Rollup, marks: Sequence[Mark]
) -> None:
    """Refreshes the runs of adjoining buckets that are marked; by force, since TimescaleDB keeps no
    notes of what we change. Cannot run in a transaction."""
    for lower, upper in merge_adjacent(sorted({bucket for _, bucket, _ in marks}), rollup):
        await connection.execute(
            sql.SQL(
                "call refresh_continuous_aggregate({}, {}::timestamptz, {}::timestamptz,"
                " force => true)"
            ).format(
                sql.Literal(f"{rollup.name}_stored"),
                sql.Literal(lower.isoformat()),
                sql.Literal(upper.isoformat()),
            )
        )


def merge_adjacent(buckets: Sequence[datetime], rollup: Rollup) -> list[tuple[datetime, datetime]]:
    """Sorted bucket starts as half-open ranges, adjoining ones joined."""
    joined: list[tuple[datetime, datetime]] = []
    for bucket in buckets:
        if joined and joined[-1][1] == bucket:
            joined[-1] = (joined[-1][0], bucket + rollup.width)
        else:
            joined.append((bucket, bucket + rollup.width))
    return joined


async def recompute_buckets(
    connection: Connection, rollup: Rollup, table: sql.Identifier, marks: Sequence[Mark]
) -> None:
    """Replaces the stored rows of the marked buckets."""
    values = {"sites": [mark[0] for mark in marks], "buckets": [mark[1] for mark in marks]}
    await connection.execute(
        sql.SQL(
            "delete from {} s"
            " using unnest(%(sites)s::int[], %(buckets)s::timestamptz[]) mark (site, bucket)"
            " where s.site_id = mark.site and s.bucket = mark.bucket"
        ).format(table),
        values,
    )
    await connection.execute(sql.SQL(recompute_sql(rollup)).format(table), values)
