"""Removes what rollups store of a site that was deleted, after its events and visits are gone."""

from collections.abc import AsyncGenerator, Sequence

from psycopg import sql

from api.db.engine import Engine
from api.rollups.available import as_stored
from api.rollups.locks import exclusive
from api.rollups.model import Rollup
from api.rollups.statements import Connection, execute
from api.rollups.stored import stored_table


class RollupBusy(Exception):
    """A rollup is being refreshed, or is declared differently than it is stored."""


async def remove_site(
    connection: Connection, engine: Engine, rollups: Sequence[Rollup], site: int
) -> AsyncGenerator[None]:
    """Removes the marks, the late log and the stored rows of a site, and yields after each batch.
    Raises RollupBusy when something has to stay for now.

    Nobody writes to the site. A refresh that has read its rows may still store them: so each
    rollup is cleaned while nobody refreshes it, and one that others are built from before these.
    """
    await execute(connection, "drop_site", {"site": site})
    current, is_all = await as_stored(connection, rollups)
    for rollup in current:
        is_clean = False
        # It ends without an error where somebody else has locked the table.
        async with exclusive(connection, rollup) as is_exclusive:
            if is_exclusive:
                table = await stored_table(connection, engine, rollup)
                while await delete_week(connection, table, site):
                    yield
                is_clean = True
        if not is_clean:
            raise RollupBusy(rollup.name)
    if not is_all:
        raise RollupBusy("a rollup of another release")


async def delete_week(connection: Connection, table: sql.Identifier, site: int) -> bool:
    """Deletes the first week of a site in a table of stored rows. Returns whether there was one."""
    rows = sql.SQL(
        "delete from {rows} where site_id = %(site)s and bucket <"
        " (select min(bucket) + interval '7 days' from {rows} where site_id = %(site)s)"
    ).format(rows=table)
    return (await connection.execute(rows, {"site": site})).rowcount > 0
