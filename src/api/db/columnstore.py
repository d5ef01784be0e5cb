"""Moves old chunks to the columnstore of TimescaleDB Community, which is several times smaller and
faster to scan.

Late events, corrections and erasures also change compressed chunks, only slower. What decides when
a chunk is compressed are the look-ups of each event that arrives: its id, and its visitor's visits,
are sought in the 7 days before it (docs/decisions/columnstore.md).

The policy is TimescaleDB's, but our jobs run it: when its own scheduler did, compression at times
met the removal of expired chunks and ended in deadlocks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

from psycopg import AsyncConnection

from api.db.engine import Engine
from api.db.sql_files import execute

Connection = AsyncConnection[Any]

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Columns:
    """A base table, and the time by which its columnstore is ordered in segments by site."""

    table: LiteralString
    time: LiteralString


COLUMNSTORE = (
    Columns("event", "time"),
    Columns("visit", "started"),
    Columns("bot_event", "time"),
    Columns("web_vital", "time"),
    Columns("js_error", "time"),
)


async def compress_chunks(connection: Connection, engine: Engine) -> int:
    """Runs the compression policies: they compress chunks that are old enough, and compress again
    those to which rows were added. Returns how many policies ran."""
    if not engine.continuous_aggregates:
        return 0
    jobs = await compression_jobs(connection, *(columns.table for columns in COLUMNSTORE))
    for job, _ in jobs:
        await connection.execute("call run_job(%s)", [job])
    return len(jobs)


async def compression_jobs(connection: Connection, *tables: str) -> Sequence[tuple[int, timedelta]]:
    """The jobs that compress chunks of these tables, and the least age of those chunks."""
    values = {"tables": list(tables)}
    return await (await execute(connection, SQL / "compression_jobs.sql", values)).fetchall()


async def sync_columnstore(connection: Connection, engine: Engine, after: timedelta) -> None:
    """Makes the policies compress chunks that are older than `after`; zero removes the policies.
    Chunks that are compressed stay so, and are read and written like others."""
    if not engine.continuous_aggregates:
        return
    for columns in COLUMNSTORE:
        if after and not await is_enabled(connection, columns.table):
            await connection.execute(
                f"alter table {columns.table} set (timescaledb.enable_columnstore,"
                f" timescaledb.segmentby = 'site_id', timescaledb.orderby = '{columns.time} desc')"
            )
        jobs = await compression_jobs(connection, columns.table)
        if [age for _, age in jobs] == ([after] if after else []):
            continue
        await connection.execute(
            "call remove_columnstore_policy(%s::regclass, if_exists => true)", [columns.table]
        )
        if after:
            await connection.execute(
                # Another process that starts at the same time may have added it.
                "call add_columnstore_policy(%s::regclass, after => %s, if_not_exists => true)",
                [columns.table, after],
            )
            for job, _ in await compression_jobs(connection, columns.table):
                await connection.execute("select alter_job(%s, scheduled => false)", [job])


async def is_enabled(connection: Connection, table: str) -> bool:
    cursor = await execute(connection, SQL / "has_columnstore.sql", {"table": table})
    return await cursor.fetchone() == (True,)
