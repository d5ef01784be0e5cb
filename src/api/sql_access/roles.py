"""Login roles of the database that read the views of the schema `analytics`, of their sites only.

A role has no rights of its own. Everybody may read the views, and these show the sites that
`sql_role_site` has for whoever is connected (session_user, which only a superuser can change).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.errors import DuplicateObject, InsufficientPrivilege
from sqlalchemy.ext.asyncio import AsyncSession

from api.auth.tokens import new_secret
from api.auth.trail import OPERATOR, Action
from api.db.database import Database
from api.db.sql_files import execute
from api.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from api.sites.models import Site

SQL = Path(__file__).parent / "sql"

NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")

CONNECTIONS = 5
"""How many connections a role may have at a time."""

STATEMENT_SECONDS = 30
"""How long a statement of a role takes at most, unless it changes its own setting."""

LONGEST_STATEMENT_SECONDS = 120
"""After how long a job cancels the statement of a role, whatever its setting."""

SETTINGS: Mapping[LiteralString, str] = {
    "search_path": "analytics",
    "default_transaction_read_only": "on",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{LONGEST_STATEMENT_SECONDS}s",
}

REVOKE_LOCKS: LiteralString = r"""
do $$
declare
    named regprocedure;
begin
    for named in
        select p.oid from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (p.proname like '%advisory%' or p.proname like 'lo\_%')
    loop
        execute 'revoke execute on function ' || named::text || ' from public';
    end loop;
end $$
"""
"""Takes from everybody but superusers what PostgreSQL lets everybody do in a database: advisory
locks, with which somebody could stop the service, and large objects, with which somebody could
write. Only a superuser can do this."""


async def create_sql_role(database: Database, name: str, sites: Sequence[Site]) -> str:
    """Makes a login role that reads these sites. Returns its password, which nobody can find out
    later. Raises Invalid, Conflict for a name that is taken, and Forbidden where the service's own
    role may not make roles."""
    check_name(name)
    password = new_secret()
    async with database.session() as session:
        connection = await raw_connection(session)
        try:
            await make_role(connection, name, password)
        except DuplicateObject as error:
            raise Conflict(f"There is a role {name!r} in the database already.") from error
        except InsufficientPrivilege as error:
            raise Forbidden(
                "The database role of the service needs CREATEROLE for that."
            ) from error
        for site in sites:
            added = "insert into sql_role_site (role, site_id) values (%s, %s)"
            await connection.execute(added, [name, site.number])
            await OPERATOR.record(session, Action.SQL_ROLE_CREATED, site.number, role=name)
    return password


def check_name(name: str) -> None:
    """Raises Invalid for what is no plain name of a role."""
    if not NAME.fullmatch(name):
        problem = "must be of lower-case letters, digits and underscores, and begin with a letter"
        raise Invalid(problems=[Problem("name", problem)])


async def raw_connection(session: AsyncSession) -> AsyncConnection[Any]:
    """The connection of a session, in its transaction: names of roles cannot be parameters."""
    connection = await (await session.connection()).get_raw_connection()
    return cast(AsyncConnection[Any], connection.driver_connection)


async def make_role(connection: AsyncConnection[Any], name: str, password: str) -> None:
    """Makes the role. The server is sent a verifier: a password could end up in its log."""
    role, database = sql.Identifier(name), sql.Identifier(connection.info.dbname)
    verifier = connection.pgconn.encrypt_password(
        password.encode(), name.encode(), b"scram-sha-256"
    )
    made = sql.SQL("create role {} login noinherit connection limit {} password {}")
    await connection.execute(made.format(role, CONNECTIONS, verifier.decode()))
    # Without this a service that is no superuser neither sees nor ends the role's statements.
    member = sql.SQL("grant {} to current_user with inherit true, set false").format(role)
    await connection.execute(member)
    for setting, value in SETTINGS.items():
        changed = sql.SQL("alter role {} in database {} set {} = {}")
        await connection.execute(
            changed.format(role, database, sql.Identifier(setting), sql.Literal(value))
        )
    await take_from_everybody(connection, database)


async def take_from_everybody(connection: AsyncConnection[Any], database: sql.Identifier) -> None:
    """Takes away what PostgreSQL lets every role do, as far as the service's role can."""
    revoked = sql.SQL("revoke temporary on database {} from public").format(database)
    await connection.execute(revoked)
    try:
        async with connection.transaction():
            await connection.execute(REVOKE_LOCKS)
    except psycopg.errors.InsufficientPrivilege:
        return  # docs/notebooks.md says what remains then


async def revoke_sql_role(database: Database, name: str) -> None:
    """Drops a role that create_sql_role made, and ends its connections. Raises NotFound."""
    async with database.session() as session:
        connection = await raw_connection(session)
        deleted = "delete from sql_role_site where role = %s returning site_id"
        rows = await (await connection.execute(deleted, [name])).fetchall()
        if not rows:
            raise NotFound(f"There is no SQL role {name!r}.")
        ended = "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"
        await connection.execute(ended, [name])
        await connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))
        for (site,) in rows:
            await OPERATOR.record(session, Action.SQL_ROLE_REVOKED, site, role=name)


async def sql_roles(database: Database) -> Mapping[str, Sequence[str]]:
    """The keys of the sites of each role, by its name."""
    return {row["role"]: row["sites"] for row in await database.rows(SQL / "roles.sql", {})}


async def cancel_long_statements(
    connection: AsyncConnection[Any], seconds: float = LONGEST_STATEMENT_SECONDS
) -> int:
    """Cancels statements of roles that have run for so long: a role can change its own time limit.
    Returns how many."""
    cursor = await execute(connection, SQL / "cancel_long.sql", {"seconds": seconds})
    row = await cursor.fetchone()
    return row[0] if row else 0
