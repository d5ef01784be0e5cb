"""How large every table, index and log of an installation is, and how fast it grows.

Partitions, chunks and the stored rows of continuous aggregates are added up to what they belong to.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from oracle.histories import DAY

KILOBYTE = 1024
MEGABYTE = 1024 * KILOBYTE

SMALL = 64 * KILOBYTE

SIZES = """
with recursive rooted as (
    select oid, oid as root from pg_class c
    where not exists (select from pg_inherits where inhrelid = c.oid)
    union all
    select inhrelid, root from pg_inherits join rooted on inhparent = oid
), named as (
    select r.oid, n.nspname as schema, c.relname as name from rooted r
    join pg_class c on c.oid = r.root join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
)
select schema, name, '' as index, sum(pg_table_size(oid))::bigint as bytes
from named join pg_class c using (oid) where c.relkind in ('r', 'm') group by 1, 2
union all
select t.schema, t.name,
    regexp_replace(i.name, '^(_hyper_\\d+_\\d+_chunk|compress_hyper_\\d+_\\d+_chunk|\\d+)_', ''),
    sum(pg_relation_size(x.indexrelid))::bigint
from pg_index x join named t on t.oid = x.indrelid join named i on i.oid = x.indexrelid
join pg_class c on c.oid = x.indexrelid where c.relkind = 'i' group by 1, 2, 3
"""

AGGREGATES = """
select materialization_hypertable_name, view_name
from timescaledb_information.continuous_aggregates
"""

EXTENSION = "select from pg_extension where extname = 'timescaledb'"

RAW = ("event", "visit", "bot_event", "web_vital", "js_error")

FAMILIES = {
    **dict.fromkeys([*RAW, "unopened_visit"], "raw data"),
    "visitor": "visitors",
    **dict.fromkeys(["rollup_dirty", "late_event", "late_visit"], "marks and changes"),
}


@dataclass(frozen=True, order=True)
class Thing:
    """A table, an index of one, or a log."""

    family: str
    name: str
    index: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.index})" if self.index else self.name


@dataclass
class Sample:
    """The sizes at a moment, in bytes, and how many events there had been."""

    at: datetime
    events: int
    sizes: Mapping[Thing, int]
    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of what must stay small: marks, changes, what the engine writes down about itself."""

    @property
    def families(self) -> Counter[str]:
        """The sizes added up."""
        sums: Counter[str] = Counter()
        for thing, size in self.sizes.items():
            sums[thing.family] += size
        return sums


COMPRESSED = re.compile(r"_hyper_(\d+)_\d+_chunk_compressed|compress_hyper_(\d+)_\d+_chunk")


def sizes_of(connection: psycopg.Connection[Any]) -> dict[Thing, int]:
    """The sizes of all tables and indexes."""
    has_extension = connection.execute(EXTENSION).rowcount
    aggregates = dict(connection.execute(AGGREGATES).fetchall()) if has_extension else {}
    found: Counter[Thing] = Counter()
    for schema, name, index, size in connection.execute(SIZES).fetchall():
        title = COMPRESSED.sub(r"hypertable \1\2 in columns", aggregates.get(name, name))
        index = COMPRESSED.sub("", index.replace(name, title))
        found[Thing(family_of(schema, title), title, index)] += size
    return dict(found)


def family_of(schema: str, name: str) -> str:
    """What a table is for."""
    if name.endswith("_stored"):
        return "rollups"
    if name.endswith("in columns"):
        return "raw data"
    return FAMILIES.get(name, "the rest") if schema == "public" else "engine"


LOGS: Sequence[tuple[str, str]] = (
    ("changes logged", "select count(*) from late_{}"),
    ("old changes", "select count(*) from late_{} where {} < %(now)s - interval '22 days'"),
)


def rows_of(connection: psycopg.Connection[Any], now: datetime) -> dict[str, int]:
    """How many rows there are of what must stay small."""
    found = {"marks": "select count(*) from rollup_dirty", "salts": "select count(*) from salt"}
    for name, question in LOGS:
        for table, time in (("event", "time"), ("visit", "started")):
            found[f"{name} of {table}"] = question.format(table, time)
    if connection.execute(EXTENSION).rowcount:
        for table in ("hypertable_invalidation_log", "materialization_invalidation_log"):
            found[table] = f"select count(*) from _timescaledb_catalog.continuous_aggs_{table}"
        found["job history"] = "select count(*) from _timescaledb_internal.bgw_job_stat_history"
    return {name: number(connection, question, now) for name, question in found.items()}


def number(connection: psycopg.Connection[Any], question: str, now: datetime) -> int:
    """The number that a question has for an answer."""
    row = connection.execute(question.encode(), {"now": now}).fetchone()
    assert row
    return row[0]


def log_files(data: Path) -> list[Path]:
    """What the server writes its log to: one file, or several in a folder."""
    found = [*(data / "postgres").glob("log*"), *(data / "postgres").glob("log*/*")]
    return sorted(path for path in found if path.is_file())


def logs_of(data: Path, service_log: Path) -> dict[Thing, int]:
    """The sizes of the logs of the server and the service."""
    server = sum(path.stat().st_size for path in log_files(data))
    return {
        Thing("logs", "log of the server"): server,
        Thing("logs", "log of the service"): service_log.stat().st_size,
    }


# ------------------------------------------------------------------------------------- telling


def growth(samples: Sequence[Sample], thing: Thing) -> float:
    """Bytes a simulated day in the last third of the time."""
    first, last = tail(samples)
    days = (last.at - first.at) / DAY
    return (last.sizes.get(thing, 0) - first.sizes.get(thing, 0)) / days if days else 0.0


def tail(samples: Sequence[Sample]) -> tuple[Sample, Sample]:
    """The first and the last sample of the last third."""
    last = samples[-1]
    since = last.at - (last.at - samples[0].at) / 3 - timedelta(hours=12)
    return next(sample for sample in samples if sample.at >= since), last


def table_of(samples: Sequence[Sample]) -> str:
    """Every table, index and log with its size and growth, the largest first; the small ones of a
    family that do not grow in one line."""
    last = samples[-1].sizes
    lines = [f"{'kB':>9}  {'kB a day':>9}"]
    small: dict[str, list[int]] = {}
    for thing in sorted(last, key=lambda thing: (thing.family, -last[thing])):
        a_day = growth(samples, thing) / KILOBYTE
        if last[thing] < SMALL and a_day < 1:
            small.setdefault(thing.family, []).append(last[thing])
        else:
            lines.append(line_of(last[thing], a_day, f"{thing.family}: {thing}"))
    for family, sizes in small.items():
        lines.append(line_of(sum(sizes), 0, f"{family}: {len(sizes)} more that do not grow"))
    return "\n".join(lines)


def families_of(samples: Sequence[Sample]) -> str:
    """The families with their sizes, and how they grew in the last third of the time."""
    first, last = tail(samples)
    days, events = (last.at - first.at) / DAY, last.events - first.events
    lines = []
    for family, size in last.families.most_common():
        more = size - first.families[family]
        an_event = f"  {more / events:+.0f} bytes an event" if events else ""
        lines.append(line_of(size, more / days / KILOBYTE if days else 0, family) + an_event)
    return "\n".join(lines)


def line_of(size: int, a_day: float, text: str) -> str:
    """A line of the table."""
    return f"{size / KILOBYTE:>9.0f}  {a_day:>+9.1f}  {text}"


def summary_of(sample: Sample) -> str:
    """The sizes of families and the numbers of rows, in a line each."""
    sizes = ", ".join(f"{name} {size // KILOBYTE:,}" for name, size in sample.families.items())
    rows = ", ".join(f"{name} {number:,}" for name, number in sample.rows.items())
    return f"  kB: {sizes}\n  rows: {rows}"


def frequent(path: Path) -> str:
    """The most frequent lines of a log, whatever their numbers."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    kinds = Counter(re.sub(r"\d+", "N", line)[:160] for line in lines)
    return "\n".join(f"{times:>7} x {line}" for line, times in kinds.most_common(12))
