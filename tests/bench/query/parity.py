"""Proof that copied rows are the rows that the writer would have written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.db.engine import Profile
from bench.query import dataset
from bench.query.dataset import Dataset
from bench.query.loading import copy_in, events_since, write
from bench.query.ours import Installation, installation
from bench.query.timeline import DAYS

EVENTS = 8_000

END = datetime(2026, 3, 29, 13, 37, tzinfo=UTC)

# The writer draws the ids of visits; a visit is known by its visitor and its start instead.
TABLES = {
    "visitor": "select to_jsonb(r) from visitor r order by id",
    "visit": "select to_jsonb(r) - 'id' from visit r order by visitor_id, started",
    "event": """
        select to_jsonb(r) - 'visit_id' || jsonb_build_object('visit', v.started)
        from event r
        left join visit v on v.visitor_id = r.visitor_id and v.id = r.visit_id
        order by r.id
    """,
}


async def check_loading(profile: Profile, address: str, seed: int) -> None:
    """Copies a small data set into one installation, sends it through the writer of another one,
    and compares every column of every row. Raises AssertionError with the first that differs."""
    with TemporaryDirectory(prefix="analytics-bench-") as folder:
        data = dataset.make(Path(folder), EVENTS, seed, END)
        async with installation(profile, address) as made:
            copied = await rows_copied(made, data)
        async with installation(profile, address) as made:
            written = await rows_written(made, data)
    for table in TABLES:
        assert len(copied[table]) == len(written[table]) > 0, table
        for one, other in zip(copied[table], written[table], strict=True):
            assert one == other, f"{table}: copied {one}, written {other}"


async def rows_copied(made: Installation, data: Dataset) -> dict[str, list[Any]]:
    """The tables after copying."""
    async with await made.database.connect() as connection:
        await copy_in(connection, made, data, END + timedelta(days=1))
    return await tables(made)


async def rows_written(made: Installation, data: Dataset) -> dict[str, list[Any]]:
    """The tables after writing."""
    since = END - timedelta(days=DAYS + 1)
    await write(made.database, events_since(data, made.site, since), batch=500)
    return await tables(made)


async def tables(made: Installation) -> dict[str, list[Any]]:
    """Every row of the three tables, in an order."""
    async with await made.database.connect() as connection:
        return {
            table: [row for (row,) in await (await connection.execute(query)).fetchall()]
            for table, query in TABLES.items()
        }
