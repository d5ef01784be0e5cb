"""How the database is reached: limits that protect it."""

import itertools
from pathlib import Path

import psycopg
import pytest

from api.db.database import Database, lend, renew_plans
from api.db.timeouts import MOST_PLANS
from api.errors import TooMuchAsked
from conftest import TestSite


async def test_question_over_time_limit_is_refused_with_advice(
    database: Database, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.sql"
    slow.write_text("select pg_sleep(20)")
    async with Database(database.url, report_seconds=0.2) as impatient:
        with pytest.raises(TooMuchAsked, match=r"more than 0\.2 s.*shorter range"):
            await impatient.rows(slow, {})


async def test_questions_cannot_write(database: Database, tmp_path: Path) -> None:
    writing = tmp_path / "writing.sql"
    writing.write_text("delete from event")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await database.rows(writing, {})


KEPT = "select count(*) from pg_prepared_statements where statement like '%%as answer%%'"


async def test_prepared_plan_is_kept_until_partitions_change(site: TestSite) -> None:
    async with Database(site.database.url) as database:

        async def plans() -> int:
            async with lend(database.reading) as connection:
                await renew_plans(connection)
                row = await (await connection.execute(KEPT, prepare=False)).fetchone()
                await connection.execute("select 1 as answer", prepare=True)
                return row[0] if row else -1

        async def is_kept() -> bool:
            """Jobs may make partitions at any moment, too, but not for ever."""
            return 1 in [await plans() for _ in range(20)]

        assert await plans() == 0
        assert await is_kept()
        await site.send({"page": "/", "time": "2004-05-06T07:08:09Z"})
        assert await plans() == 0
        assert await is_kept()


async def test_prepared_plan_answers_about_partitions_made_later(site: TestSite) -> None:
    """Of times for which there was no partition and no chunk when the plan was made."""
    asked = {"from": "2003-01-01", "to": "2005-12-31", "timezone": "UTC"}
    for year, month in itertools.product((2003, 2005), (1, 8)):
        await site.send(
            {"page": "/", "visitor_id": month, "time": f"{year}-{month:02}-03T00:00:00Z"}
        )
        base = await site.ask("pages", engine="base", **asked)
        for _ in range(2):
            answer = await site.ask("pages", **asked)
            assert (answer["rows"], answer["totals"]) == (base["rows"], base["totals"])
        await site.refresh()


async def test_connection_keeps_bounded_number_of_plans(database: Database) -> None:
    async with lend(database.reading) as connection:
        await renew_plans(connection)
        for number in range(2 * MOST_PLANS):
            await connection.execute(f"select {number} as answer", prepare=True)
        row = await (await connection.execute(KEPT, prepare=False)).fetchone()
    assert row
    assert 0 < row[0] <= MOST_PLANS
