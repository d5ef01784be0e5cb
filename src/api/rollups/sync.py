"""Makes views, functions and stored rows what facts and rollups declare."""

import hashlib
import logging
from collections.abc import Sequence

from psycopg import sql

from api.db.engine import Engine
from api.errors import AnalyticsError
from api.rollups.ddl import (
    fact_function_sql,
    fact_view_sql,
    index_sql,
    rollup_function_sql,
    rollup_view_sql,
    stored_sql,
)
from api.rollups.model import Fact, Rollup
from api.rollups.schedule import REFRESH_DUE
from api.rollups.sql_views import SHOWN, comments_of, create_sql_views, shown, sql_view_sql
from api.rollups.statements import Connection, execute, fetch_value
from api.rollups.stored import stored_table

log = logging.getLogger("analytics.rollups")

SYNC_LOCK = 20261125


class HistoryWouldBeLost(AnalyticsError):
    """A rollup is declared differently than it is stored, and raw data it was made of is gone."""


async def sync_rollups(
    connection: Connection, engine: Engine, facts: Sequence[Fact], rollups: Sequence[Rollup]
) -> None:
    """Makes the database match the declarations. Does nothing where it does already. The rows of a
    rollup that is declared differently are dropped and computed again by the next refreshes; until
    then the base tables answer. Raises HistoryWouldBeLost."""
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        fingerprint = await fingerprint_of(connection, facts, rollups)
        if await synced_fingerprint(connection, facts[0]) == fingerprint:
            return
        await connection.execute(REFRESH_DUE)
        await drop_changed(connection, rollups)
        for rollup in rollups:
            await create_stored(connection, engine, rollup)
        for fact in facts:
            await drop_readers(connection, fact.name)
            await connection.execute(fact_view_sql(fact))
            await connection.execute(fact_function_sql(fact))
        for rollup in rollups:
            await drop_readers(connection, rollup.name)
            await connection.execute(rollup_function_sql(rollup))
            await connection.execute(rollup_view_sql(rollup))
        await create_sql_views(connection, rollups)
        # Last, and in the same transaction: what it says is there must all be there.
        await connection.execute(
            sql.SQL("comment on view {} is {}").format(
                sql.Identifier(facts[0].name), sql.Literal(fingerprint)
            )
        )


async def fingerprint_of(
    connection: Connection, facts: Sequence[Fact], rollups: Sequence[Rollup]
) -> str:
    """Changes with any view, function or stored table that is declared, and with the columns of the
    base tables: PostgreSQL expands the * of a view when it is created."""
    tables = {"tables": [fact.table for fact in facts]}
    columns = str(await fetch_value(connection, "columns_of", tables))
    texts = [
        columns,
        REFRESH_DUE,
        *(fact_view_sql(fact) + fact_function_sql(fact) for fact in facts),
    ]
    for rollup in rollups:
        texts += [rollup.fingerprint, rollup_function_sql(rollup), rollup_view_sql(rollup)]
        texts += index_sql(rollup)
    for rollup in shown(rollups):
        texts += [sql_view_sql(rollup), SHOWN[rollup.name], str(comments_of(rollup))]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


async def synced_fingerprint(connection: Connection, fact: Fact) -> str | None:
    """The fingerprint of what is there: a comment on the first of the views."""
    cursor = await connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [fact.name]
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def drop_readers(connection: Connection, name: str) -> None:
    """Drops the view and the function of this name; they hold no data."""
    readers = sql.Identifier(name)
    await connection.execute(
        sql.SQL("drop function if exists {}(integer, timestamptz, timestamptz) cascade").format(
            readers
        )
    )
    await connection.execute(sql.SQL("drop view if exists {} cascade").format(readers))


async def drop_changed(connection: Connection, rollups: Sequence[Rollup]) -> None:
    """Drops the stored rows of what is declared differently now, or not any more. Raises
    HistoryWouldBeLost where a changed declaration could not be filled again."""
    declared = {rollup.name: rollup.fingerprint for rollup in rollups}
    cursor = await connection.execute("select name, fingerprint from rollup_state order by name")
    stored = await cursor.fetchall()
    changed = [name for name, found in stored if name in declared and declared[name] != found]
    await refuse_loss(connection, changed)
    for name in [*changed, *(name for name, _ in stored if name not in declared)]:
        log.warning("rollup %s changed or is no longer declared: dropping its rows", name)
        await drop_stored(connection, name)


async def refuse_loss(connection: Connection, changed: Sequence[str]) -> None:
    """Raises HistoryWouldBeLost when there are rollups to fill again and raw data has expired."""
    cursor = await connection.execute("select key from site where raw_data_since is not null")
    if changed and (sites := [key for (key,) in await cursor.fetchall()]):
        raise HistoryWouldBeLost(
            f"The declaration of {', '.join(changed)} has changed. They cannot be computed"
            f" again, because raw data of {len(sites)} sites has expired, so history would be lost."
            f" Keep the old declaration and add the new one under a new name, e.g. {changed[0]}_2;"
            " queries find it by themselves."
        )


async def drop_stored(connection: Connection, name: str) -> None:
    """Drops the stored rows of a rollup with everything that belongs to them."""
    await drop_readers(connection, name)
    cursor = await connection.execute(
        "select relkind = 'v' from pg_class where oid = to_regclass(%s)", [f"{name}_stored"]
    )
    for (is_native,) in await cursor.fetchall():
        kind = sql.SQL("materialized view" if is_native else "table")
        await connection.execute(
            sql.SQL("drop {} {} cascade").format(kind, sql.Identifier(f"{name}_stored"))
        )
    await connection.execute("delete from rollup_state where name = %s", [name])


async def create_stored(connection: Connection, engine: Engine, rollup: Rollup) -> None:
    """Creates the stored rows of a rollup, empty, unless they are there. They cannot know what raw
    data no longer tells."""
    cursor = await execute(
        connection,
        "add_rollup",
        {
            "name": rollup.name,
            "source": rollup.fact.table,
            "width": rollup.width,
            "dimensions": list(rollup.dimensions),
            "distinct_visitors": rollup.distinct_visitors,
            "fingerprint": rollup.fingerprint,
        },
    )
    if cursor.rowcount:
        await connection.execute(stored_sql(rollup, engine))
        await vacuum_early(connection, await stored_table(connection, engine, rollup))
    for index in index_sql(rollup):
        await connection.execute(index)


async def vacuum_early(connection: Connection, table: sql.Identifier) -> None:
    """Has autovacuum clean a table when a twentieth of it is dead instead of a fifth: a refresh
    replaces rows, so the dead ones are what it grows by (see docs/decisions/autovacuum.md)."""
    await connection.execute(
        sql.SQL("alter table {} set (autovacuum_vacuum_scale_factor = 0.05)").format(table)
    )
