"""The constants of the .sql files are those of the program."""

from datetime import timedelta
from typing import LiteralString

import pytest

from api.db.database import Database
from api.events.write.visits import LONG_VISIT, LONGEST_SESSION, LONGEST_VISIT, TIMEOUT
from api.rollups.definitions import ROLLUPS
from api.rollups.model import BIT, BLOCK, BLOCK_OF


async def ask(database: Database, question: LiteralString) -> list[object]:
    """The first column of the answer."""
    async with await database.connect() as connection:
        cursor = await connection.execute(question)
        return [row[0] for row in await cursor.fetchall()]


@pytest.mark.parametrize(
    ("function", "duration"),
    [
        ("longest_visit()", LONGEST_VISIT),
        ("visit_timeout()", TIMEOUT),
        ("longest_session()", LONGEST_SESSION),
        ("long_visit()", LONG_VISIT),
    ],
)
async def test_duration_in_sql_is_that_of_the_program(
    database: Database, function: LiteralString, duration: timedelta
) -> None:
    assert await ask(database, f"select {function}") == [duration]


async def test_visit_reaches_events_up_to_its_longest_duration(database: Database) -> None:
    question: LiteralString = """
        select visit_reaches(time - duration, time)
        from (values (timestamptz '2026-03-29 12:00+00')) event (time)
        cross join unnest(array[
            interval '-1 microsecond', '0', longest_visit(), longest_visit() + '1 microsecond'
        ]) with ordinality visit (duration, number)
        order by number
    """
    assert await ask(database, question) == [False, True, True, False]


async def test_bitmaps_of_sql_are_those_of_rollups(database: Database) -> None:
    question: LiteralString = f"""
        select bitmap_block(visitor_number) = {BLOCK_OF}
            and bitmap_of(visitor_number) = {BIT}
            and get_bit({BIT}, bitmap_bit(visitor_number)) = 1
            and length(empty_bitmap()) = {BLOCK} and bit_count(empty_bitmap()) = 0
        from unnest(array[0, 1, 16383, 16384, 1000000]) visitor_number
    """
    assert await ask(database, question) == [True] * 5


async def test_buckets_of_sql_are_those_of_rollups(database: Database) -> None:
    for rollup in {rollup.width: rollup for rollup in ROLLUPS}.values():
        question: LiteralString = f"""
            select bucket_start({rollup.width_sql}, time) = {rollup.floor("time")}
            from generate_series(
                timestamptz '1999-12-30 00:30+00', '2000-01-20 00:00+00', interval '17 hours'
            ) time
        """
        assert set(await ask(database, question)) == {True}
