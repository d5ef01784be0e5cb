"""The data set into our tables: most of it copied, the last day by the product's own writer.

Copied rows are what the writer would have written; `parity` proves it on a small data set.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from psycopg import AsyncConnection, sql

from api.db.database import Database
from api.db.partitions import ensure_partitions
from api.events.models import Context, Event
from api.events.write.writer import Outcome, Writer
from api.rollups.definitions import ROLLUPS
from api.rollups.refresh import refresh_rollups
from api.sites.models import Site
from bench.query.dataset import MOMENT, Dataset
from bench.query.ours import Installation
from bench.query.timeline import DAYS
from bench.query.world import HOSTNAME

Connection = AsyncConnection[Any]

COPIED_EVENTS = (
    *(
        "visitor_id",
        "time",
        "id",
        "visitor_number",
        "visit_id",
        "name",
        "page",
        "title",
        "referrer",
    ),
    *("duration", "revenue", "currency", "props"),
)
"""What the data set brings of the columns of events; the others are constant or null."""

REPLAYED = timedelta(days=1)
"""The end of the data is not copied: the writer writes it."""

STEP = timedelta(minutes=15)
"""How much traffic the writer gets between two refreshes."""

BATCH = 5_000

OFFLINE = 100
"""Of so many visitors, one is offline: their events arrive some hours late."""


@dataclass(slots=True)
class Costs:
    """What it took to get the data in, in seconds, and the bytes on disk on the way."""

    copied_events: int = 0
    copying: float = 0
    first_refresh: float = 0
    written_events: int = 0
    writing: float = 0
    refreshing: float = 0
    empty: int = 0
    tables: int = 0
    rolled_up: int = 0
    final: int = 0


async def load(installation: Installation, dataset: Dataset) -> Costs:
    """Everything into the database, as the writer and the jobs would have had it there."""
    until = dataset.end - REPLAYED
    costs = Costs(empty=await installation.size())
    async with await installation.database.connect() as connection:
        began = time.perf_counter()
        costs.copied_events = await copy_in(connection, installation, dataset, until)
        costs.copying = time.perf_counter() - began
        costs.tables = await installation.size()
        costs.first_refresh = await refresh(connection, installation, until)
        costs.rolled_up = await installation.size()
        await replay(connection, installation, dataset, until, costs)
        await run_policies(connection, installation)
        costs.final = await installation.size()
    return costs


async def refresh(connection: Connection, installation: Installation, now: datetime) -> float:
    """One round of the job that refreshes rollups, at this time. Returns the seconds it took."""
    began = time.perf_counter()
    await refresh_rollups(connection, installation.database.engine, ROLLUPS, now, everything=False)
    return time.perf_counter() - began


async def run_policies(connection: Connection, installation: Installation) -> None:
    """What the database does by itself at night."""
    if not installation.database.engine.hypertables:
        return
    cursor = await connection.execute(
        "select job_id from timescaledb_information.jobs where hypertable_name is not null"
    )
    for (job,) in await cursor.fetchall():
        await connection.execute("call run_job(%s)", [job])


async def copy_in(
    connection: Connection, installation: Installation, dataset: Dataset, until: datetime
) -> int:
    """Copies the visits that start before this time, their events and visitors. Returns how many
    events there were."""
    days = [dataset.end - timedelta(days=day) for day in range(DAYS + 1)]
    await ensure_partitions(connection, installation.database.engine, days)
    constants = {"site_id": installation.site.number, "hostname": HOSTNAME}
    await copy(connection, "visit", rows_before(dataset.visits_file, "started", until), constants)
    events = rows_before(dataset.events_file, "visit_started", until, COPIED_EVENTS)
    copied = await copy(connection, "event", events, {**constants, "interactive": True})
    await connection.execute(
        "insert into visitor (site_id, id, number, first_seen)"
        " select site_id, visitor_id, visitor_number, min(started)"
        " from visit group by site_id, visitor_id, visitor_number"
    )
    return copied


def pieces(file: Path) -> Iterator[pa.Table]:
    """The rows of a file, some at a time."""
    parquet = pq.ParquetFile(file)
    return (parquet.read_row_group(group) for group in range(parquet.num_row_groups))


def rows_before(
    file: Path, started: str, until: datetime, columns: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """The rows of visits that start before this time; all of their columns, or these."""
    limit = pa.scalar(until.replace(tzinfo=None), MOMENT)
    for table in pieces(file):
        kept = table.filter(pc.less(table[started], limit))
        yield kept.select(columns) if columns else kept


async def copy(
    connection: Connection,
    table: str,
    rows: Iterable[pa.Table],
    constants: Mapping[str, Any],
) -> int:
    """COPY with the columns of the rows and some that are the same in each. Returns how many."""
    copied = 0
    for piece in rows:
        whole = piece
        for name, value in constants.items():
            whole = whole.append_column(name, pa.repeat(value, len(whole)))
        names = sql.SQL(", ").join(map(sql.Identifier, whole.column_names))
        text = sql.SQL("copy {} ({}) from stdin (format csv)").format(sql.Identifier(table), names)
        async with connection.cursor() as cursor, cursor.copy(text) as target:
            await target.write(csv_of(whole))
        copied += len(whole)
    return copied


def csv_of(table: pa.Table) -> pa.Buffer:
    """Text in quotes, null without: as COPY reads it."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    sink = pa.BufferOutputStream()
    options = pa.csv.WriteOptions(include_header=False)
    pa.csv.write_csv(table.cast(pa.schema(fields)), sink, options)
    return sink.getvalue()


async def replay(
    connection: Connection,
    installation: Installation,
    dataset: Dataset,
    since: datetime,
    costs: Costs,
) -> None:
    """Sends the visits that start from then on through the writer, in the order in which the
    service hears of them, and refreshes the rollups every quarter of an hour."""
    events = sorted(events_since(dataset, installation.site, since), key=heard_of)
    costs.written_events = len(events)
    now = since
    while now < dataset.end:
        now = min(now + STEP, dataset.end)
        due = [event for event in events if heard_of(event) < now]
        costs.writing += await write(installation.database, due)
        costs.refreshing += await refresh(connection, installation, now)
        events = events[len(due) :]
    costs.writing += await write(installation.database, events)


def heard_of(event: Event) -> datetime:
    """When an event arrives."""
    turn, is_online = divmod(event.visitor_id, OFFLINE)
    return event.time if is_online else event.time + timedelta(hours=1 + turn % 12)


async def write(database: Database, events: Sequence[Event], batch: int = BATCH) -> float:
    """Sends events through the writer. Returns the seconds it took."""
    began, writer = time.perf_counter(), Writer(database)
    for start in range(0, len(events), batch):
        outcomes = await writer.write(events[start : start + batch])
        assert set(outcomes) == {Outcome.ACCEPTED}, set(outcomes)
    return time.perf_counter() - began


def events_since(dataset: Dataset, site: Site, since: datetime) -> list[Event]:
    """The events of visits that start from then on, in order, as the writer takes them."""
    visits = rows_since(dataset.visits_file, "started", since)
    contexts = {visit["id"]: context_of(visit) for visit in visits}
    events = [
        event_of(row, site, contexts[row["visit_id"]])
        for row in rows_since(dataset.events_file, "visit_started", since)
    ]
    return sorted(events, key=lambda event: event.time)


def rows_since(file: Path, started: str, since: datetime) -> list[dict[str, Any]]:
    """The rows of visits that start from then on."""
    limit = pa.scalar(since.replace(tzinfo=None), MOMENT)
    tables = (table.filter(pc.greater_equal(table[started], limit)) for table in pieces(file))
    return [row for table in tables for row in table.to_pylist()]


def context_of(visit: Mapping[str, Any]) -> Context:
    """What is true of a whole visit."""
    known = {name: visit[name] for name in Context.__struct_fields__ if name in visit}
    return Context(hostname=HOSTNAME, **known)


def event_of(row: Mapping[str, Any], site: Site, context: Context) -> Event:
    """A row of the data set as enriching it would have left it."""
    return Event(
        site_id=site.number,
        site_key=site.key,
        id=UUID(row["id"]),
        own_id=True,
        time=row["time"].replace(tzinfo=UTC),
        name=row["name"],
        visitor_id=row["visitor_id"],
        earlier_visitor_id=None,
        session_id=None,
        page=row["page"],
        hostname=HOSTNAME,
        title=row["title"],
        referrer=row["referrer"],
        user_id=None,
        duration=decimal(row["duration"], 3),
        revenue=decimal(row["revenue"], 6),
        currency=row["currency"],
        interactive=True,
        props=msgspec.json.decode(row["props"]) if row["props"] else None,
        context=context,
        user_agent="",
        bot=None,
        bot_category=None,
    )


def decimal(value: float | None, places: int) -> Decimal | None:
    """A number as enriching an event rounds it."""
    return None if value is None else Decimal(f"{value:.{places}f}")
