"""How large the tables and logs of an installation may be that runs for months."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.growth import KILOBYTE, MEGABYTE, SMALL, Sample
from oracle.histories import DAY


@dataclass(frozen=True)
class Bounds:
    """What a healthy installation keeps to. With few events whole pages count: every partition,
    chunk and index has some with little in them."""

    raw_bytes_per_event: int = 800
    """Of events in the time for which they are kept."""
    raw_base: int = 6 * MEGABYTE
    rollup_bytes_per_event: int = 400
    """Of all events that there ever were: plain PostgreSQL takes 220 at a hundred a day."""
    rollup_base: int = 10 * MEGABYTE
    visitor_bytes_per_event: int = 100
    marks_bytes: int = 4 * MEGABYTE
    marks: int = 4000
    changes: int = 4000
    hypertable_invalidations: int = 300
    materialization_invalidations: int = 3500
    """A hundred for each continuous aggregate; six weeks of history sent at once leave half."""
    log_base: int = 2 * MEGABYTE
    log_bytes_a_day: int = 40 * KILOBYTE
    slack: float = 1.5
    """How much larger something may get that has its full size."""


BOUNDS = Bounds()


def broken(sample: Sample, kept_events: int, days: float, bounds: Bounds = BOUNDS) -> list[str]:
    """The bounds that a sample does not keep; of all events, so many are still kept."""
    sizes, rows = sample.families, sample.rows
    found = {
        "raw data": (sizes["raw data"], bounds.raw_base + bounds.raw_bytes_per_event * kept_events),
        "rollups": (
            sizes["rollups"],
            bounds.rollup_base + bounds.rollup_bytes_per_event * sample.events,
        ),
        "visitors": (
            sizes["visitors"],
            MEGABYTE + bounds.visitor_bytes_per_event * sample.events,
        ),
        "marks and changes": (sizes["marks and changes"], bounds.marks_bytes),
        "logs": (sizes["logs"], bounds.log_base + bounds.log_bytes_a_day * days),
        "rows of marks": (rows["marks"], bounds.marks),
        "salts": (rows["salts"], 3),
    }
    for table in ("event", "visit"):
        found[f"rows of late_{table}"] = rows[f"changes logged of {table}"], bounds.changes
        found[f"old rows of late_{table}"] = rows[f"old changes of {table}"], 0
    for name, most in (
        ("hypertable_invalidation_log", bounds.hypertable_invalidations),
        ("materialization_invalidation_log", bounds.materialization_invalidations),
    ):
        found[f"rows of {name}"] = rows.get(name, 0), most
    return [
        f"{name}: {got:,.0f}, at most {most:,.0f}"
        for name, (got, most) in found.items()
        if got > most
    ]


FULL_AFTER = {
    "event": 65 * DAY,
    "visit": 65 * DAY,
    "late_event": 30 * DAY,
    "late_visit": 30 * DAY,
    "rollup_dirty": 30 * DAY,
    "hourly_pages_stored": 25 * DAY,
    "hourly_entries_stored": 25 * DAY,
    "hourly_exits_stored": 25 * DAY,
    "hourly_locations_stored": 25 * DAY,
}
"""Tables of which rows go after a time, so that after as long they grow no more."""


def growing(samples: Sequence[Sample], bounds: Bounds = BOUNDS) -> list[str]:
    """The tables that should have their full size, and grow."""
    found = []
    for table, after in FULL_AFTER.items():
        full = [sample for sample in samples if sample.at - samples[0].at >= after]
        if not full:
            continue
        first, last = largest_around(full[0], full, table), largest_around(full[-1], full, table)
        if last > bounds.slack * first + SMALL:
            found.append(f"{table}: from {first:,} to {last:,} bytes")
    return found


def largest_around(moment: Sample, samples: Sequence[Sample], table: str) -> int:
    """The largest size of a table within a week of a moment: chunks are a week wide, and with each
    that is compressed or dropped a table becomes smaller at once."""
    near = (sample for sample in samples if abs(sample.at - moment.at) <= 7 * DAY)
    return max(size_of(sample, table) for sample in near)


def size_of(sample: Sample, table: str) -> int:
    """The size of a table with its indexes."""
    return sum(size for thing, size in sample.sizes.items() if thing.name == table)
