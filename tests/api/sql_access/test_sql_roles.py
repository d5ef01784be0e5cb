"""Login roles of the database read their sites, exactly, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege, QueryCanceled
from psycopg.rows import dict_row

from api.db.database import Database
from api.errors import Conflict, Invalid, NotFound
from api.rollups.definitions import ROLLUPS
from api.rollups.sql_views import SUMS, shown
from api.sites.directory import Sites
from api.sql_access.roles import (
    cancel_long_statements,
    create_sql_role,
    revoke_sql_role,
    sql_roles,
)
from bootstrap import migrated_database
from conftest import SECRET, TestSite, make_site
from settings import Settings
from submitting import change

HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=30)

EVENTS: list[dict[str, Any]] = [
    {"visitor_id": "ann", "page": "/", "referrer": "https://www.google.com/", "duration": 12.5},
    {"visitor_id": "ann", "page": "/tea", "user_id": "ann", "minute": 3},
    {
        "visitor_id": "ann",
        "name": "Paid",
        "revenue": {"amount": "9.5", "currency": "EUR"},
        "minute": 4,
    },
    {"visitor_id": "bob", "page": "/tea", "minute": 70, "props": {"plan": "pro"}},
    {"visitor_id": "cat", "page": "/", "minute": 1500, "timezone": "Europe/Vienna"},
]


@dataclass
class Reader:
    """A connection of a role that reads one site, and a site that it must not see."""

    connection: AsyncConnection[dict[str, Any]]
    role: str
    own: TestSite
    other: TestSite

    async def rows(self, question: Any) -> list[dict[str, Any]]:
        return await (await self.connection.execute(question)).fetchall()


@asynccontextmanager
async def connected(
    database: Database, role: str, password: str
) -> AsyncIterator[AsyncConnection[dict[str, Any]]]:
    """A connection of a role."""
    address = make_conninfo(database.url, user=role, password=password)
    async with await AsyncConnection.connect(
        address, autocommit=True, row_factory=dict_row
    ) as connection:
        yield connection


def sent(marker: str) -> list[dict[str, Any]]:
    """The events, all of whose words name the site."""
    return [
        {
            **{key: value for key, value in event.items() if key != "minute"},
            "time": (HOUR + timedelta(minutes=event.get("minute", 0))).isoformat(),
            "title": marker,
            "visitor_id": f"{event['visitor_id']} {marker}",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        }
        for event in EVENTS
    ]


@pytest.fixture(scope="module")
async def reader(
    client: httpx.AsyncClient, admin: dict[str, str], database: Database
) -> AsyncIterator[Reader]:
    own, other = [
        await make_site(f"{name}-{uuid4().hex[:8]}", client, admin, database)
        for name in ("own", "other")
    ]
    for site in (own, other):
        await site.send(*sent(site.key))
    role, stranger = (f"reader_{uuid4().hex[:8]}" for _ in "ab")
    password = await create_sql_role(database, role, [await Sites(database).find(own.key)])
    await create_sql_role(database, stranger, [await Sites(database).find(other.key)])
    async with connected(database, role, password) as connection:
        yield Reader(connection, role, own, other)
    for name in (role, stranger):
        await revoke_sql_role(database, name)


async def every_row(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    """The rows of all views."""
    views = await reader.rows("select viewname from pg_views where schemaname = 'analytics'")
    return {
        name: await reader.rows(sql.SQL("select * from {}").format(sql.Identifier(name)))
        for name in (view["viewname"] for view in views)
    }


async def test_role_sees_its_site_and_no_other(reader: Reader) -> None:
    rows = await every_row(reader)
    assert len(rows) == 11
    for name, found in rows.items():
        assert found, name
        assert {row["site"] for row in found} == {reader.own.key}
        assert reader.other.key not in str(found)


async def listed(reader: Reader, path: str) -> list[dict[str, Any]]:
    """What the API lists of the role's site."""
    params = {"site": reader.own.key, "period": "all"}
    answer = await reader.own.client.get(path, params=params, headers=reader.own.admin)
    return answer.json()["rows"]


async def test_raw_views_have_rows_of_api(reader: Reader) -> None:
    for view, path, time in (
        ("v_events", "/api/events/raw", "time"),
        ("v_visits", "/api/visits", "started"),
    ):
        question = sql.SQL("select json_strip_nulls(to_json(v)) as row from {} v order by {}")
        found = await reader.rows(question.format(sql.Identifier(view), sql.Identifier(time)))
        told = await listed(reader, path)
        assert len(found) == len(told) > 2
        for row, expected in zip(found, told, strict=True):
            assert row["row"].keys() - {"site"} <= expected.keys()
            for name, value in expected.items():
                own = row["row"].get(name)
                assert own == value or datetime.fromisoformat(own) == datetime.fromisoformat(value)


RAW = {
    "activity": "select *, (name = 'pageview')::int as pageviews, (name not in ('pageview',"
    " 'engagement'))::int as custom_events, time as bucket from v_events",
    "pages": "select *, (name = 'pageview')::int as pageviews, coalesce(duration, 0) as"
    " engaged_seconds, time as bucket from v_events where name in ('pageview', 'engagement')",
}
VISITS = (
    "select *, 1 as visits, (pageviews > 0)::int as visits_with_pageview,"
    " is_bounce::int as bounces,"
    " duration_seconds * 1e6 as visit_duration_us, pageviews as visit_pageviews,"
    " started as bucket from v_visits"
)


async def compare_with_raw_rows(reader: Reader) -> None:
    """Compares each view of a rollup with what the raw views add up to."""
    for rollup in shown(ROLLUPS):
        keys = ", ".join(("site", "bucket", *rollup.dimensions))
        sums = ", ".join(SUMS[name][0] for name in rollup.measures)
        floor = f"date_bin({rollup.width_sql}, bucket, '2000-01-03 00:00:00+00')"
        raw = f"select {keys.replace('bucket', f'{floor} as bucket')}, {sums} from (" + (
            RAW.get(rollup.name, VISITS) + ") r group by " + keys.replace("bucket", floor)
        )
        order = f" order by {keys}"
        expected: Any = f"select * from ({raw}) r {order}"
        assert await reader.rows(f"select * from v_{rollup.name} {order}") == await reader.rows(  # pyright: ignore
            expected
        ), rollup.name


async def test_views_of_rollups_are_exact_at_every_moment(reader: Reader) -> None:
    await compare_with_raw_rows(reader)
    await reader.own.refresh()
    await compare_with_raw_rows(reader)
    late = {"visitor_id": "ann late", "page": "/late", "time": (HOUR).isoformat()}
    again = {"visitor_id": f"ann {reader.own.key}", "page": "/late", "duration": 2}
    again["time"] = (HOUR + timedelta(minutes=10)).isoformat()
    await reader.own.send(late, again)
    await compare_with_raw_rows(reader)
    found = await reader.rows(
        "select sum(pageviews)::int as views from v_pages where page = '/late'"
    )
    assert found == [{"views": 2}]


async def test_expired_raw_data_is_not_shown(reader: Reader, database: Database) -> None:
    line = HOUR + timedelta(hours=1)
    moved = "update site set raw_data_since = %s where key = %s returning id"
    await change(database, moved, line, reader.own.key)
    try:
        for view, time in (("v_events", "time"), ("v_visits", "started")):
            oldest: Any = f"select min({time}) >= '{line.isoformat()}' as kept from {view}"
            assert await reader.rows(oldest) == [{"kept": True}]
    finally:
        await change(database, moved, None, reader.own.key)


FORBIDDEN = (
    "select * from public.event",
    "select * from public.site",
    "select * from public.sql_site",
    "select * from public.api_key",
    "select * from public.traffic_stored",
    "select * from public.traffic",
    "select * from public.visits(1, '-infinity', 'infinity')",
    "insert into public.sql_role_site values (session_user, 1)",
    "delete from v_events",
    "update v_sites set name = 'x'",
    "create table public.x (y int)",
    "create table analytics.x (y int)",
    "create temporary table x (y int)",
    "create schema x",
    "select lo_create(0)",
    "select pg_advisory_lock(1)",
    "select pg_read_file('/etc/passwd')",
    "copy (select 1) to program 'true'",
    "set session authorization postgres",
    "set role postgres",
    "alter role current_user superuser",
)


async def test_role_writes_nothing_and_reads_no_table(reader: Reader) -> None:
    await reader.connection.execute("set default_transaction_read_only = off")
    await reader.connection.execute("set search_path = analytics, public")
    for statement in FORBIDDEN:
        with pytest.raises(psycopg.Error) as refused:
            await reader.connection.execute(statement)
        is_view = isinstance(refused.value, psycopg.errors.ObjectNotInPrerequisiteState)
        assert is_view or isinstance(refused.value, InsufficientPrivilege), statement


async def test_no_table_can_be_read(reader: Reader) -> None:
    tables = await reader.rows(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n"
        " on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm')"
        " and n.nspname = 'public' and has_table_privilege(c.oid, 'select, insert, update, delete')"
    )
    assert tables == []


async def test_condition_of_caller_is_not_asked_of_hidden_rows(reader: Reader) -> None:
    """It could tell of them by an error."""
    asked = "select count(*) from v_events where 1 / (case when site = '{}' then 0 else 1 end) = 1"
    await reader.connection.execute(asked.format(reader.other.key))  # pyright: ignore
    with pytest.raises(psycopg.errors.DivisionByZero):
        await reader.connection.execute(asked.format(reader.own.key))  # pyright: ignore


async def test_statements_end(reader: Reader, database: Database) -> None:
    assert await reader.rows("show statement_timeout") == [{"statement_timeout": "30s"}]
    await reader.connection.execute("set statement_timeout = '50ms'")
    with pytest.raises(QueryCanceled):
        await reader.connection.execute("select pg_sleep(60)")
    await reader.connection.execute("reset statement_timeout")


async def sleep_until_cancelled(connection: AsyncConnection[Any], database: Database) -> None:
    """Runs a statement without a time limit, which the job of this database cancels."""
    await connection.execute("set statement_timeout = 0")
    async with await database.connect() as watching, asyncio.timeout(60):
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        while not await cancel_long_statements(watching, 0.1):
            await asyncio.sleep(0.05)
        with pytest.raises(QueryCanceled):
            await sleeping
    await connection.execute("reset statement_timeout")


async def test_job_cancels_statement_without_time_limit(reader: Reader, database: Database) -> None:
    await sleep_until_cancelled(reader.connection, database)


async def test_password_is_stored_as_verifier_only(reader: Reader, database: Database) -> None:
    question = "select rolpassword, rolsuper, rolcreaterole, rolconnlimit from pg_authid"
    ((verifier, *rights),) = await change(database, f"{question} where rolname = %s", reader.role)
    assert verifier.startswith("SCRAM-SHA-256$")
    assert rights == [False, False, 5]


async def test_revoked_role_is_gone_at_once(database: Database, site: TestSite) -> None:
    role = f"reader_{uuid4().hex[:8]}"
    found = await Sites(database).find(site.key)
    password = await create_sql_role(database, role, [found])
    assert (await sql_roles(database))[role] == [site.key]
    with pytest.raises(Conflict):
        await create_sql_role(database, role, [found])
    async with connected(database, role, password) as connection:
        await revoke_sql_role(database, role)
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("select 1")
    with pytest.raises(psycopg.OperationalError):
        async with connected(database, role, password):
            pass
    assert role not in await sql_roles(database)


async def test_only_own_roles_can_be_revoked(database: Database, site: TestSite) -> None:
    with pytest.raises(NotFound):
        await revoke_sql_role(database, "postgres")
    found = await Sites(database).find(site.key)
    for name in ("", "Reader", 'x"; drop table event', "pg reader", "x" * 51):
        with pytest.raises(Invalid):
            await create_sql_role(database, name, [found])


async def test_schema_describes_each_column(
    client: httpx.AsyncClient, admin: dict[str, str], reader: Reader
) -> None:
    told = (await client.get("/api/sql/schema", headers=admin)).json()
    assert told["name"] == "analytics"
    rows = await every_row(reader)
    assert {view["name"] for view in told["views"]} == rows.keys()
    for view in told["views"]:
        assert [column["name"] for column in view["columns"]] == [*rows[view["name"]][0]]
        assert all(column["description"] for column in view["columns"]), view["name"]
        assert view["description"]


async def test_service_without_superuser_makes_and_revokes_roles(database: Database) -> None:
    """Its role is the owner of the database and may make roles, as at most providers."""
    owner, role = (f"{name}_{uuid4().hex[:8]}" for name in ("owner", "reader"))
    async with await database.connect() as connection:
        await connection.execute(f"create role {owner} login createrole")  # pyright: ignore
        await connection.execute(f"create database {owner} owner {owner}")  # pyright: ignore
    address = urlsplit(database.url)
    named = address.netloc.rpartition("@")[2]
    address = address._replace(netloc=f"{owner}@{named}", path=f"/{owner}")
    try:
        settings = Settings(database_url=urlunsplit(address), secret_key=SECRET, timescaledb="off")
        async with migrated_database(settings) as own:
            await Sites(own).create("own", "own.example")
            password = await create_sql_role(own, role, [await Sites(own).find("own")])
            async with connected(own, role, password) as connection:
                rows = await (await connection.execute("select site from v_sites")).fetchall()
                assert rows == [{"site": "own"}]
                await connection.execute("set default_transaction_read_only = off")
                with pytest.raises(InsufficientPrivilege):
                    await connection.execute("create temporary table x (y int)")
                await sleep_until_cancelled(connection, own)
                await revoke_sql_role(own, role)
                with pytest.raises(psycopg.OperationalError):
                    await connection.execute("select 1")
    finally:
        async with await database.connect() as connection:
            await connection.execute(f"drop database {owner} with (force)")  # pyright: ignore
            await connection.execute(f"drop role if exists {role}, {owner}")  # pyright: ignore
