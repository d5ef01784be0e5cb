"""What a rollup is: a fact summed up per site, time bucket and dimensions, declared as data.

`README.md` beside this file tells the life of a bucket; `ddl` has the SQL, `definitions` the
rollups that there are. Buckets are hours, days or weeks (from Monday) of UTC.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import LiteralString

ORIGIN: LiteralString = "timestamptz '2000-01-03 00:00:00+00'"
"""A Monday, as time_bucket has it, so that both engines cut the same buckets."""

BLOCK: LiteralString = "16384"
"""Visitors per bitmap. A bitmap has to exceed 2 kB for PostgreSQL to compress it, which makes its
many zeros cheap."""

BLOCK_OF: LiteralString = "visitor_number >> 14"
BIT: LiteralString = f"set_bit(B'0'::bit({BLOCK}), visitor_number & 16383, 1)"

WIDTHS: dict[timedelta, LiteralString] = {
    timedelta(hours=1): "interval '1 hour'",
    timedelta(days=1): "interval '1 day'",
    timedelta(days=7): "interval '7 days'",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A base table, and what can be counted of each of its rows. All measures add up."""

    name: LiteralString
    table: LiteralString
    time: LiteralString
    """The column by which rows belong to buckets."""
    measures: Mapping[LiteralString, LiteralString]
    """The SQL of each measure, over a single row."""
    condition: LiteralString = "true"
    """Which rows of the table are counted."""

    @property
    def per_row(self) -> LiteralString:
        """The measures as a select list over single rows."""
        return ", ".join(f"{sql} as {name}" for name, sql in self.measures.items())


@dataclass(frozen=True)
class Rollup:
    """A fact summed up per site, bucket and dimensions."""

    name: LiteralString
    fact: Fact
    width: timedelta
    dimensions: tuple[LiteralString, ...] = ()
    measures: tuple[LiteralString, ...] = ()
    condition: LiteralString = "true"
    distinct_visitors: bool = False
    """Whether it stores visitor bitmaps instead of measures."""
    built_from: "Rollup | None" = None
    """A rollup with narrower buckets. What is not stored is read from it, and it is refreshed
    before this one."""
    retention: timedelta | None = None
    """How long rows are kept where a rollup only feeds wider ones; None for ever. It exceeds the
    longest delay of an event."""
    complete_since: datetime | None = None
    """Rows before it lack the sites whose raw data had expired when the rollup was first stored."""
    settles_after: timedelta = timedelta(minutes=15)
    """Buckets that ended less than this ago are always live: visits go on in them."""

    @property
    def only(self) -> LiteralString:
        """Which rows of the base table are summed up."""
        return f"{self.fact.condition} and {self.condition}"

    @property
    def width_sql(self) -> LiteralString:
        """The bucket width as an interval literal."""
        return WIDTHS[self.width]

    @property
    def columns(self) -> LiteralString:
        """The columns of the stored rows, in order."""
        kept = ("block", "visitors") if self.distinct_visitors else self.measures
        return ", ".join(("site_id", "bucket", *self.dimensions, *kept, "last_change"))

    def floor(self, time: LiteralString) -> LiteralString:
        """The start of the bucket in which a time lies."""
        return f"date_bin({self.width_sql}, {time}, {ORIGIN})"

    def select_list(self, bucket: LiteralString, *kept: LiteralString) -> LiteralString:
        """Site, bucket, dimensions, and what is stored of them."""
        return ", ".join(("site_id", f"{bucket} as bucket", *self.dimensions, *kept))

    def selection(self, bucket: LiteralString) -> LiteralString:
        """The select list that computes stored rows from the base table."""
        kept: list[LiteralString] = [
            f"sum({self.fact.measures[name]}) as {name}" for name in self.measures
        ]
        if self.distinct_visitors:
            kept = [f"{BLOCK_OF} as block", f"bit_or({BIT}) as visitors"]
        return self.select_list(bucket, *kept, "max(last_change) as last_change")

    @property
    def grouping(self) -> LiteralString:
        """The group-by list that goes with the selection."""
        blocks: tuple[LiteralString, ...] = (BLOCK_OF,) if self.distinct_visitors else ()
        return ", ".join(("1", "2", *self.dimensions, *blocks))

    def rows(self, bucket: LiteralString) -> LiteralString:
        """All rows, computed from the base table; `bucket` is the SQL of the bucket of a row."""
        return (
            f"select {self.selection(bucket)} from {self.fact.table}"
            f" where {self.only} group by {self.grouping}"
        )

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the declaration. It changes when stored rows no longer fit it."""
        return hashlib.sha256(self.rows(self.floor(self.fact.time)).encode()).hexdigest()


def late_log(table: LiteralString) -> LiteralString:
    """The table that logs late changes of a base table."""
    return f"late_{table}"
