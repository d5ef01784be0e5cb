"""How the database is reached: limits that protect it."""

from pathlib import Path

import psycopg
import pytest

from api.db.database import Database
from api.errors import TooMuchAsked


async def test_a_question_that_takes_too_long_says_what_to_ask_instead(
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
