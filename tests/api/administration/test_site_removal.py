"""A site is deleted: at once for everybody, then row by row, beside writers and refreshes."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from psycopg.sql import SQL

from administering import Person, join, register, with_key
from api.administration.removal import remove_deleted_sites
from api.auth.keys import Scope
from api.db.database import Database
from api.rollups.definitions import ROLLUPS
from api.rollups.locks import exclusive
from api.rollups.stored import stored_table
from api.sites.directory import Sites
from api.sites.models import utc_now
from api.submitted.runner import Runner
from conftest import TestSite, make_site, refresh, rejected_are_kept, save_goal
from refusals import is_refusal
from submitting import Account, answer_jobs, change

AT_ONCE = timedelta(0)

BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


async def fill(site: TestSite) -> None:
    """Sends events of three weeks: some of a bot, some late, and one that is rejected."""
    for days in (20, 10, 2, 0):
        time = (utc_now() - timedelta(days=days, hours=2)).isoformat()
        await site.send(*({"page": f"/{n}", "time": time, "visitor_id": f"v{n}"} for n in "abc"))
        await site.send({"page": "/", "time": time, "user_agent": BOT})
        vital = {"name": "web_vital", "props": {"name": "LCP", "value": 1}}
        failed = {"name": "js_error", "props": {"message": "x"}}
        await site.send(*({"page": "/", "time": time, **one} for one in (vital, failed)))
    await refresh(site.database)
    late = (utc_now() - timedelta(days=2, hours=1)).isoformat()
    await site.send({"page": "/late", "time": late, "visitor_id": "va"})
    refused = {"site": site.key, "page": "/", "nonsense": 1}
    assert (await site.client.post("/api/events", json=refused)).status_code == 422
    await rejected_are_kept(site.client)
    await import_day(site)


async def import_day(site: TestSite) -> None:
    """Numbers of a day that another product counted."""
    await change(
        site.database,
        "with own as (insert into imported_archive (id, site_id, name)"
        " select gen_random_uuid(), id, 'x' from site where key = %s returning id, site_id)"
        " insert into imported_day (site_id, import_id, kind, day, properties, visits)"
        " select site_id, id, 'visitors', '2024-05-03', '{}', 1 from own",
        site.key,
    )


async def tables(database: Database) -> list[str]:
    """All tables with rows of sites: those of the schema, and those of rollups."""
    named = await change(
        database,
        "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and not c.relispartition and a.attname = 'site_id'",
    )
    return [name for (name,) in named]


async def rows_of(database: Database, number: int) -> Counter[str]:
    """How many rows each table has of a site."""
    found: Counter[str] = Counter()
    for name in await tables(database):
        ((rows,),) = await change(
            database, f"select count(*) from {name} where site_id = %s", number
        )
        found[name] += rows
    async with await database.connect() as connection:
        for rollup in ROLLUPS:
            table = await stored_table(connection, database.engine, rollup)
            text = f"select count(*) from {table.as_string()} where site_id = {number}"
            ((found[f"{rollup.name}_stored"],),) = await change(database, text)
    found["site"] = len(await change(database, "select id from site where id = %s", number))
    return +found


async def delete(site: TestSite) -> None:
    gone = await site.client.delete(
        f"/api/sites/{site.key}", params={"confirm": site.key}, headers=site.admin
    )
    assert gone.status_code == 204, gone.text


async def remove(database: Database) -> None:
    """Rounds of the job until nothing is left to do."""
    async with await database.connect() as connection:
        while await remove_deleted_sites(connection, database.engine, AT_ONCE):
            pass


async def number_of(site: TestSite) -> int:
    wanted = "select id from site where key = %s and deleted_at is null"
    ((number,),) = await change(site.database, wanted, site.key)
    return number


async def days(site: TestSite) -> list[Any]:
    """Visits and page views of each day, from rollups and from the base tables."""
    since, until = (f"{utc_now() + timedelta(days=n):%Y-%m-%d}" for n in (-28, 1))
    asked = {"from": since, "to": until, "interval": "day"}
    return [
        [(row["time"], row["visits"], row["pageviews"]) for row in answer["rows"]]
        for engine in ({}, {"engine": "base"})
        for answer in [await site.ask("timeseries", **asked, **engine)]
    ]


async def belongings(site: TestSite, account: Account) -> Sequence[Person]:
    """A member, a key, an invitation, a share link, a goal and a job with its result."""
    number = await number_of(site)
    member = await register(site.client)
    await join(site.database, site.key, member, "admin")
    key = await with_key(site.database, member, Scope.ADMIN, site_id=number)
    made = await member.ask("POST", f"/sites/{site.key}/invitations", json={"role": "viewer"})
    assert made.status_code == 201
    await change(
        site.database,
        "insert into share_link (id, site_id, name, hash)"
        " values (gen_random_uuid(), %s, 'link', 'x')",
        number,
    )
    await save_goal(site, name="Late", page="/late")
    for _ in range(2):
        await account.submitted("pages", params={"site": site.key, "days": 28})
        await answer_jobs(Runner(site.database))
    return member, key


async def test_everything_of_deleted_site_is_gone_and_nothing_of_others(
    site: TestSite, account: Account, database: Database
) -> None:
    other = await make_site(f"{site.key}-other", site.client, site.admin, database)
    for one in (other, site):
        await fill(one)
    number, its_number = await number_of(site), await number_of(other)
    people = await belongings(site, account)
    stored = await rows_of(database, number)
    of_rollups = {f"{rollup.name}_stored" for rollup in ROLLUPS}
    assert stored.keys() - of_rollups == {
        *("event", "visit", "visitor", "bot_event", "rejected_event", "raw_change"),
        *("web_vital", "js_error", "imported_archive", "imported_day"),
        *("late_event", "late_visit", "membership", "invitation", "api_key", "share_link"),
        *("goal", "submitted_job", "notification", "audit_log", "site"),
    }
    assert len(stored.keys() & of_rollups) > 20
    before, kept = await days(other), await rows_of(database, its_number)
    (job, *_) = (await account.get()).json()

    await delete(site)

    for answer in (
        await site.client.get(f"/api/analytics/pages?site={site.key}", headers=site.admin),
        await site.client.get(f"/api/sites/{site.key}", headers=site.admin),
        await people[0].ask("GET", f"/sites/{site.key}"),
        await account.get(f"/{job['id']}/result"),
        await site.client.post("/api/events", json={"site": site.key, "page": "/"}),
    ):
        assert answer.status_code == 404
    assert (await people[1].ask("GET", "/sites")).status_code == 401  # its key is gone
    again = await people[0].create(key=site.key, domain=f"{site.key}.example")
    assert again["key"] == site.key

    await remove(database)

    left = await rows_of(database, number)
    assert left.pop("audit_log") == stored["audit_log"] + 1
    assert left == {}
    assert await people[0].role(site.key) == "owner"  # of the new site of that name
    assert await rows_of(database, its_number) == kept
    assert await days(other) == before
    await refresh(database)
    left = await rows_of(database, number)
    assert set(left) == {"audit_log"}
    assert await days(other) == before


async def test_writer_that_still_knows_deleted_site_stores_nothing(
    site: TestSite, app: FastAPI, database: Database
) -> None:
    """Another process may know it for some seconds more; and events may wait in a queue."""
    await site.send({"page": "/", "visitor_id": "ann"})
    number = await number_of(site)
    other = await make_site(f"{site.key}-other", site.client, site.admin, database)
    known = dict(app.state.sites.remembered)
    assert known[site.key]
    await delete(site)
    app.state.sites.remembered |= known
    single = await site.client.post("/api/events", json={"site": site.key, "page": "/"})
    assert is_refusal(single, "UNKNOWN_SITE")
    assert single.status_code == 404
    report = await other.send({"page": "/"}, {"site": site.key, "page": "/"})
    assert report["accepted"] == 1
    assert [one["error"] for one in report["rejected"]] == ["UNKNOWN_SITE"]
    refused = {"site": site.key, "page": "/", "nonsense": 1}
    assert (await site.client.post("/api/events", json=refused)).status_code == 422
    await rejected_are_kept(site.client)
    app.state.sites.forget()
    stored = await rows_of(database, number)
    assert (stored["event"], stored["rejected_event"]) == (1, 0)
    await remove(database)
    assert set(await rows_of(database, number)) == {"audit_log"}


async def test_no_row_is_left_by_writers_and_refreshes_beside_deletion(
    site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers as those of another process, which know the site for some seconds more."""
    monkeypatch.setattr(Sites, "forget", lambda _: None)
    number = await number_of(site)
    day = (utc_now() - timedelta(days=1)).isoformat()
    statuses: Counter[int] = Counter()

    async def send(writer: int) -> None:
        for n in range(40):
            body = [{"site": site.key, "page": f"/{n}", "time": day, "visitor_id": f"{writer}-{n}"}]
            answer = await site.client.post("/api/events", json=body, headers=site.admin)
            statuses[answer.status_code] += 1

    async def refresh_often() -> None:
        for _ in range(3):
            await refresh(database)

    await fill(site)
    work = [asyncio.create_task(send(writer)) for writer in range(4)]
    while not statuses[201]:
        await asyncio.sleep(0.01)
    work.append(asyncio.create_task(refresh_often()))
    await delete(site)
    await asyncio.gather(remove(database), *work)
    assert statuses.keys() <= {201, 422}  # a batch that is refused whole
    assert statuses[422]
    await remove(database)
    await refresh(database)
    assert set(await rows_of(database, number)) == {"audit_log"}


async def test_rows_stay_while_a_rollup_is_refreshed(site: TestSite, database: Database) -> None:
    """A refresh that has read the events of the site may store their sums yet."""
    await fill(site)
    number = await number_of(site)
    await delete(site)
    async with (
        await database.connect() as refreshing,
        exclusive(refreshing, ROLLUPS[0]),
    ):
        await remove(database)
        left = await rows_of(database, number)
        assert (left["event"], left["visit"], left["site"]) == (0, 0, 1)
        assert left[f"{ROLLUPS[0].name}_stored"]
    await remove(database)
    assert set(await rows_of(database, number)) == {"audit_log"}


async def test_rows_stay_while_a_table_of_a_rollup_is_locked(
    site: TestSite, database: Database
) -> None:
    await fill(site)
    number = await number_of(site)
    await delete(site)
    async with await database.connect() as locking, await database.connect() as connection:
        table = await stored_table(locking, database.engine, ROLLUPS[0])
        await connection.execute("set lock_timeout = '100ms'")
        async with locking.transaction():
            await locking.execute(SQL("lock table {} in share mode").format(table))
            await remove_deleted_sites(connection, database.engine, AT_ONCE)
        left = await rows_of(database, number)
        assert left["site"] == 1
        assert left[f"{ROLLUPS[0].name}_stored"]
    await remove(database)
    assert set(await rows_of(database, number)) == {"audit_log"}


async def test_removal_goes_on_where_a_round_has_ended(
    site: TestSite, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(site)
    number = await number_of(site)
    await delete(site)
    monkeypatch.setattr("api.administration.removal.BATCHES_AT_ONCE", 3)
    async with await database.connect() as connection:
        assert await remove_deleted_sites(connection, database.engine) == 0  # not settled yet
        assert await remove_deleted_sites(connection, database.engine, AT_ONCE) == 3
    assert (await rows_of(database, number))["event"]
    await remove(database)
    assert set(await rows_of(database, number)) == {"audit_log"}
