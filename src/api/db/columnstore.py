"""Old chunks in the columnstore, which TimescaleDB Community offers: a fraction of the size, and
quicker to scan. Late events, corrections and erasures go into compressed chunks like into others,
only slower; so chunks stay as they are until nothing is late any more.

The policy is TimescaleDB's, but our jobs run it: its own scheduler would at times meet the removal
of expired chunks, which ended in deadlocks."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

from psycopg import AsyncConnection

from api.db.engine import Engine

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """How a time table lies in the columnstore: reports read one site, a range of time."""

    table: LiteralString
    time: LiteralString


COLUMNSTORE = (
    Columns("event", "time"),
    Columns("visit", "started"),
    Columns("bot_event", "time"),
)


async def compress_chunks(connection: Connection, engine: Engine) -> int:
    """Runs the policies: chunks that are old enough go to the columnstore, and those to which rows
    were added since are compressed again. Returns how many policies ran."""
    if not engine.continuous_aggregates:
        return 0
    jobs = await connection.execute(
        "select job_id from timescaledb_information.jobs where proc_name = 'policy_compression'"
        " and hypertable_name = any(%s) order by 1",
        [[columns.table for columns in COLUMNSTORE]],
    )
    for (job,) in await jobs.fetchall():
        await connection.execute("call run_job(%s)", [job])
    return jobs.rowcount


async def sync_columnstore(connection: Connection, engine: Engine, after: timedelta) -> None:
    """Makes chunks older than this go to the columnstore, when the policies are run; zero means
    never again. What is compressed stays so, and is read and written all the same."""
    if not engine.continuous_aggregates:
        return
    for columns in COLUMNSTORE:
        if after and not await is_enabled(connection, columns.table):
            await connection.execute(
                f"alter table {columns.table} set (timescaledb.enable_columnstore,"
                f" timescaledb.segmentby = 'site_id', timescaledb.orderby = '{columns.time} desc')"
            )
        if await scheduled_after(connection, columns.table) == (after or None):
            continue
        await connection.execute(
            "call remove_columnstore_policy(%s::regclass, if_exists => true)", [columns.table]
        )
        if after:
            await connection.execute(
                # Another process may start at this moment, and be quicker.
                "call add_columnstore_policy(%s::regclass, after => %s, if_not_exists => true)",
                [columns.table, after],
            )
            await connection.execute(
                "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs"
                " where hypertable_name = %s and proc_name = 'policy_compression'",
                [columns.table],
            )


async def is_enabled(connection: Connection, table: str) -> bool:
    """Whether the table has a columnstore at all."""
    cursor = await connection.execute(
        "select compression_enabled from timescaledb_information.hypertables"
        " where hypertable_name = %s",
        [table],
    )
    return await cursor.fetchone() == (True,)


async def scheduled_after(connection: Connection, table: str) -> timedelta | None:
    """The age at which chunks are compressed now; None for never."""
    cursor = await connection.execute(
        "select (config ->> 'compress_after')::interval from timescaledb_information.jobs"
        " where hypertable_name = %s and proc_name = 'policy_compression'",
        [table],
    )
    row = await cursor.fetchone()
    return row[0] if row else None
