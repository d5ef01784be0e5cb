"""How the events of plain PostgreSQL lie best: which index by time, partitions how wide.

    PYTHONPATH=src:tests python -m bench.storage --events 1000000

Fills tables of the product's own shape with the same made-up events, in the order of their arrival
(one in twenty is up to six days late), and prints a table in Markdown: ratios to the first line,
which is what the product does. Asserts nothing about time.
"""

import argparse
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from api.db.embedded import embedded_server
from api.db.migrate import upgrade

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
BATCH = 1000
SITES = 20
ROUNDS = 7

EVENTS = """
create table arriving as
select i, START + (i * interval '1 day' * DAYS / EVENTS)
        - case when i % 20 = 0 then random() * interval '6 days' else interval '0' end as time,
    (random() ^ 3 * SITES)::int as site_id, (random() * EVENTS / 8)::bigint as visitor_id
from generate_series(1, EVENTS) i;
create index on arriving (i);
"""

INSERT = """
insert into {table} (visitor_id, time, id, site_id, visitor_number, visit_id, name, page, hostname)
select visitor_id, time, md5(i::text)::uuid, site_id, visitor_id, md5(visitor_id::text)::uuid,
    'pageview', '/blog/' || i %% 500, 'shop.example'
from arriving where i > %s and i <= %s
"""

QUESTION = """
select count(*), count(distinct visitor_id) from {table}
where site_id = %s and time >= %s and time < %s
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to store events."""

    name: str
    days: int
    """Width of a partition; 0 is a calendar month."""
    index: str


BTREE = "create index on {table} (site_id, time desc)"
BRIN = "create index on {table} using brin (time) with (pages_per_range = 32)"
BOTH = "create index on {table} using brin (site_id, time) with (pages_per_range = 32)"

LAYOUTS = (
    Layout("month, btree (site_id, time)", 0, BTREE),
    Layout("week, btree (site_id, time)", 7, BTREE),
    Layout("month, BRIN (time)", 0, BRIN),
    Layout("week, BRIN (time)", 7, BRIN),
    Layout("month, BRIN (site_id, time)", 0, BOTH),
)

QUESTIONS = (
    ("large site, 7 days", 0, 7),
    ("large site, 30 days", 0, 30),
    ("small site, 7 days", SITES - 1, 7),
    ("small site, 30 days", SITES - 1, 30),
)


@dataclass
class Figures:
    """What was measured of a layout."""

    load: float
    rows: int
    index: int
    answers: list[float]


def edges(layout: Layout) -> Iterator[tuple[datetime, datetime]]:
    """The partitions of a layout."""
    lower = START - timedelta(days=31)
    while lower < START + timedelta(days=DAYS + 1):
        month = (lower.replace(day=1) + timedelta(days=32)).replace(day=1)
        upper = lower + timedelta(days=layout.days) if layout.days else month
        yield lower, upper
        lower = upper


def create(connection: psycopg.Connection[Any], layout: Layout) -> None:
    """An empty table of the shape of event, with its keys and this index by time."""
    connection.execute("drop table if exists trial")
    connection.execute(
        "create table trial (like event including defaults,"
        " primary key (visitor_id, time, id)) partition by range (time)"
    )
    connection.execute("create index on trial (id, time)")
    for number, (lower, upper) in enumerate(edges(layout)):
        connection.execute(
            f"create table trial_{number} partition of trial"
            f" for values from ('{lower.isoformat()}') to ('{upper.isoformat()}')"
        )
    connection.execute(layout.index.format(table="trial"))


def fill(connection: psycopg.Connection[Any], events: int) -> float:
    """Seconds that it takes to store all events, in batches, each committed."""
    connection.execute("checkpoint")
    started = time.perf_counter()
    for first in range(0, events, BATCH):
        connection.execute(INSERT.format(table="trial"), [first, first + BATCH])
    spent = time.perf_counter() - started
    connection.execute("vacuum analyze trial")
    return spent


def size(connection: psycopg.Connection[Any], what: str) -> int:
    """Bytes of all partitions."""
    row = connection.execute(
        f"select sum({what}) from pg_inherits where inhparent = 'trial'::regclass"
    ).fetchone()
    assert row
    return int(row[0])


def by_time(connection: psycopg.Connection[Any]) -> int:
    """Bytes of the index by time: those that are neither the key's nor by id."""
    row = connection.execute(
        "select sum(pg_relation_size(indexrelid)) from pg_index"
        " join pg_inherits on inhrelid = indrelid and inhparent = 'trial'::regclass"
        " where not indisprimary and pg_get_indexdef(indexrelid) !~ '[(]id,'"
    ).fetchone()
    assert row
    return int(row[0])


def ask(connection: psycopg.Connection[Any], site: int, days: int) -> float:
    """The median of the seconds that a question about the last days takes."""
    upper = START + timedelta(days=DAYS)
    values = [site, upper - timedelta(days=days), upper]
    spent: list[float] = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        connection.execute(QUESTION.format(table="trial"), values).fetchall()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent[1:])


def measure(connection: psycopg.Connection[Any], layout: Layout, events: int) -> Figures:
    """Everything about one layout."""
    create(connection, layout)
    return Figures(
        load=fill(connection, events),
        rows=size(connection, "pg_table_size(inhrelid)"),
        index=by_time(connection),
        answers=[ask(connection, site, days) for _, site, days in QUESTIONS],
    )


def table(found: Sequence[tuple[Layout, Figures]], events: int) -> str:
    """The figures in Markdown, times as ratios to the first line."""
    first = found[0][1]
    heads = [
        "layout",
        "insert",
        "bytes an event",
        "of it index by time",
        *(q[0] for q in QUESTIONS),
    ]
    lines = [f"| {' | '.join(heads)} |", f"|---{'|--:' * (len(heads) - 1)}|"]
    for layout, figures in found:
        ratios = [mine / its for mine, its in zip(figures.answers, first.answers, strict=True)]
        cells = [
            layout.name,
            f"{figures.load / first.load:.2f}",
            f"{(figures.rows + figures.index) / events:.0f}",
            f"{figures.index / events:.2f}",
            *(f"{ratio:.2f}" for ratio in ratios),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    times = ", ".join(f"{1000 * answer:.1f} ms" for answer in first.answers)
    return "\n".join([*lines, "", f"First line: {first.load:.1f} s, and {times}."])


def main() -> None:
    """Measures every layout and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    events: int = parser.parse_args().events
    with TemporaryDirectory() as folder, embedded_server(Path(folder)) as url:
        upgrade(url, timescaledb=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("select setseed(0.5)")
            made = EVENTS.replace("EVENTS", str(events)).replace("DAYS", str(DAYS))
            made = made.replace("SITES", str(SITES - 1))
            connection.execute(made.replace("START", f"timestamptz '{START.isoformat()}'"))
            found = [(layout, measure(connection, layout, events)) for layout in LAYOUTS]
    print(table(found, events))


if __name__ == "__main__":
    main()
