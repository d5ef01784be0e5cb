"""What a rollup is, and the two ways to store one.

A Fact is a base table with its measures spelled out per row. A Rollup is a fact summed up per
site, time bucket and dimensions. Each of them becomes, in the database,

    a view       visits, traffic            for people: all sites, all time
    a function   traffic(site, lower, upper)  for reports: exactly the rows of [lower, upper)

with the same columns, so that a report changes its source by changing one name. The function of a
rollup takes stored rows for whole buckets that are behind the watermark and not dirty, and adds
up the base table for the rest: the edges of the range, what is newer, what is marked dirty.
That is what makes a rollup exact at every moment and on every kind of server.

What comes late to stored buckets is logged: the writer numbers its changes and keeps them as
signed rows, old ones with -1 and new ones with +1 (see api.events.changes). Stored rows know the
last change that is in them, `last_change`, whoever refreshed them; the function adds what the log
has after it. So a bucket is not recomputed with every late event, nor read from the base table.

Distinct visitors cannot be added up, but sets of them can be united. A rollup of people keeps, per
bucket, dimensions and block of 16,384 visitors, a bit string with the bits of those who came:
the writer numbers the visitors of a site in the order in which it sees them first. What such a
rollup adds live are single visitors (`ordinal`); analytics/sql/people.sql unites and counts.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import LiteralString

from api.db.engine import Engine

ORIGIN: LiteralString = "timestamptz '2000-01-03 00:00:00+00'"
"""A Monday, as time_bucket has it, so that both engines cut the same buckets."""


BLOCK: LiteralString = "16384"
"""How many visitors a bit string is about. Rows have to exceed 2 kB for PostgreSQL to compress
them, which is what makes the many empty bits cheap."""

BLOCK_OF: LiteralString = "ordinal >> 14"
ANY_BLOCK: LiteralString = f"coalesce(block, {BLOCK_OF})"
"""That of a bit string, or of a single visitor."""
BIT: LiteralString = f"set_bit(B'0'::bit({BLOCK}), ordinal & 16383, 1)"
BITS: LiteralString = f"bit_or({BIT})"


@dataclass(frozen=True, slots=True)
class Fact:
    """A base table and what can be counted of each of its rows. All measures add up."""

    name: LiteralString
    table: LiteralString
    time: LiteralString
    measures: Mapping[LiteralString, LiteralString]
    condition: LiteralString = "true"
    """Which rows of the table are meant."""

    @property
    def per_row(self) -> LiteralString:
        """The measures as a select list over single rows."""
        return ", ".join(f"{sql} as {name}" for name, sql in self.measures.items())


@dataclass(frozen=True)
class Rollup:
    """A fact summed per site, bucket and dimensions, declared as data."""

    name: LiteralString
    fact: Fact
    width: timedelta
    dimensions: tuple[LiteralString, ...] = ()
    measures: tuple[LiteralString, ...] = ()
    condition: LiteralString = "true"
    people: bool = False
    """Whether it keeps the sets of visitors instead of measures."""
    finer: "Rollup | None" = None
    """A rollup of the same with narrower buckets: what is not stored is read there."""
    keep: timedelta | None = None
    """How long its rows are of use, where it is there for wider ones to be read from while they are
    not stored; None for ever. It is longer than anything comes late."""
    since: datetime | None = None
    """Before it there are no rows of sites whose raw data was gone when this was first stored."""
    lag: timedelta = field(default=timedelta(hours=1))
    """Buckets younger than this are always added up live: they change with every event."""

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
        kept = ("block", "visitors") if self.people else self.measures
        return ", ".join(("site_id", "bucket", *self.dimensions, *kept, "last_change"))

    def selection(self, bucket: LiteralString) -> LiteralString:
        """The one select list: what stored rows hold and what the live part adds up."""
        kept: list[LiteralString] = [
            f"sum({self.fact.measures[name]}) as {name}" for name in self.measures
        ]
        if self.people:
            kept = [f"{BLOCK_OF} as block", f"{BITS} as visitors"]
        return self.select_list(bucket, *kept, "max(last_change) as last_change")

    def select_list(self, bucket: LiteralString, *kept: LiteralString) -> LiteralString:
        """The site, the bucket, the dimensions, and what is kept of them."""
        return ", ".join(("site_id", f"{bucket} as bucket", *self.dimensions, *kept))

    @property
    def grouping(self) -> LiteralString:
        """The group-by list that goes with the selection."""
        blocks: tuple[LiteralString, ...] = (BLOCK_OF,) if self.people else ()
        return ", ".join(("1", "2", *self.dimensions, *blocks))

    @property
    def live(self) -> LiteralString:
        """What is not stored, for one site and the `span` it is joined with."""
        if self.finer:
            kept = ("block", "visitors", "ordinal") if self.people else self.measures
            selection = self.select_list(self.floor("bucket"), *kept, "last_change")
            return f"select {selection} from {self.finer.name}($1, span.lower, span.upper)"
        fact, bucket = self.fact, self.floor(self.fact.time)
        rows: LiteralString = (
            f"from {fact.table} where site_id = $1 and {fact.time} >= span.lower"
            f" and {fact.time} < span.upper and {self.only}"
        )
        if self.people:
            single = self.select_list(bucket, NO_BLOCK, "ordinal", "last_change")
            # offset 0 keeps the span a parameter: joined with it, the whole table would be read.
            return f"select {single} {rows} offset 0"
        return f"select {self.selection(bucket)} {rows} group by {self.grouping}"

    def logged(
        self, first: LiteralString, stop: LiteralString, dirty: LiteralString
    ) -> LiteralString:
        """What came late to the stored buckets from first to stop, without the dirty ones, and is
        not in them yet. Nobody leaves a set of people by it: what takes them out of one marks the
        bucket."""
        fact, bucket = self.fact, self.floor(self.fact.time)
        rows: LiteralString = (
            f"from {change_log(fact.table)} c where site_id = $1 and {fact.time} >= {first}"
            f" and {fact.time} < {stop} and {self.only} and {bucket} <> all (array({dirty}))"
            f" and number > coalesce({self.last_change('$1', self.floor(f'c.{fact.time}'))}, 0)"
        )
        if self.people:
            single = self.select_list(bucket, NO_BLOCK, "ordinal", "number")
            return f"select {single} {rows} and sign > 0"
        sums: list[LiteralString] = [
            f"sum(sign * ({fact.measures[name]})) as {name}" for name in self.measures
        ]
        selection = self.select_list(bucket, *sums, "max(number)")
        return f"select {selection} {rows} group by {self.grouping}"

    def last_change(self, site: LiteralString, bucket: LiteralString) -> LiteralString:
        """The number of the last change that is in a stored bucket; null for none."""
        return (
            f"(select max(s.last_change) from {self.name}_stored s where s.site_id = {site}"
            f" and s.bucket = {bucket} and s.last_change is not null)"
        )

    def summed_up(self, site: LiteralString, lower: LiteralString) -> LiteralString:
        """One bucket of one site anew; of the finer rollup where there is one: it is as exact."""
        upper = f"{lower} + {self.width_sql}"
        if self.finer:
            selection = self.selection_of_finer
            source = f"{self.finer.name}({site}, {lower}, {upper})"
            blocks: tuple[LiteralString, ...] = (ANY_BLOCK,) if self.people else ()
            grouping = ", ".join(("1", "2", *self.dimensions, *blocks))
            return f"select {selection} from {source} group by {grouping}"
        time = self.fact.time
        return (
            f"select {self.selection(self.floor(time))} from {self.fact.table}"
            f" where site_id = {site} and {time} >= {lower} and {time} < {upper} and {self.only}"
            f" group by {self.grouping}"
        )

    @property
    def selection_of_finer(self) -> LiteralString:
        """The select list over rows of the finer rollup."""
        kept: list[LiteralString] = [
            f"sum({name})::{SUM_TYPES.get(name, 'bigint')} as {name}" for name in self.measures
        ]
        if self.people:
            kept = [
                f"{ANY_BLOCK} as block",
                f"bit_or(coalesce(visitors, {BIT})) as visitors",
            ]
        last: LiteralString = "max(last_change) as last_change"
        return self.select_list(self.floor("bucket"), *kept, last)

    @property
    def index_sql(self) -> tuple[LiteralString, ...]:
        """What stored rows are found by: their time; the last change in a bucket; those by one
        dimension also by its value, since often only those of the values that are listed are
        read."""
        create: LiteralString = f"create index if not exists {self.name}"
        place: LiteralString = f"on {self.name}_stored (site_id"
        indexes: tuple[LiteralString, ...] = (
            f"{create}_by_time {place}, bucket)",
            f"{create}_by_change {place}, bucket, last_change) where last_change is not null",
        )
        if len(self.dimensions) != 1:
            return indexes
        return *indexes, f"{create}_by_value {place}, {self.dimensions[0]}, bucket)"

    def floor(self, time: LiteralString) -> LiteralString:
        """The start of the bucket in which a time lies."""
        return f"date_bin({self.width_sql}, {time}, {ORIGIN})"

    @cached_property
    def fingerprint(self) -> str:
        """Changes when stored rows no longer fit the declaration, on whatever server."""
        return hashlib.sha256(selection_sql(self).encode()).hexdigest()


NO_BLOCK: LiteralString = f"null::integer as block, null::bit({BLOCK}) as visitors"
"""A single visitor, who is in no bit string."""


def change_log(table: LiteralString) -> LiteralString:
    """Where the late changes of a base table are logged."""
    return f"{table}_change"


WIDTHS: dict[timedelta, LiteralString] = {
    timedelta(hours=1): "interval '1 hour'",
    timedelta(days=1): "interval '1 day'",
    timedelta(days=7): "interval '7 days'",
}


def selection_sql(rollup: Rollup) -> LiteralString:
    """The rows of a rollup, computed from its base table."""
    bucket = rollup.floor(rollup.fact.time)
    return (
        f"select {rollup.selection(bucket)} from {rollup.fact.table}"
        f" where {rollup.only} group by {rollup.grouping}"
    )


def stored_sql(rollup: Rollup, engine: Engine) -> LiteralString:
    """The DDL of the stored rows: a continuous aggregate, or a table of the same columns."""
    if not engine.continuous_aggregates:
        return f"create table {rollup.name}_stored as {selection_sql(rollup)} with no data"
    bucket = f"time_bucket({rollup.width_sql}, {rollup.fact.time})"
    # Rows that are kept for days go by whole chunks, which are ten weeks wide by default.
    chunks = ", timescaledb.chunk_interval = '5 days'" if rollup.keep else ""
    return (
        f"create materialized view {rollup.name}_stored with (timescaledb.continuous,"
        " timescaledb.materialized_only = true, timescaledb.create_group_indexes = false"
        f"{chunks}) as select {rollup.selection(bucket)} from {rollup.fact.table}"
        f" where {rollup.only} group by {rollup.grouping} with no data"
    )


def fact_view_sql(fact: Fact) -> LiteralString:
    """The base table with its measures, and `bucket` as the name of its time."""
    return (
        f"create view {fact.name} as"
        f" select t.*, {fact.time} as bucket, {NO_BLOCK}, {fact.per_row} from {fact.table} t"
        f" where {fact.condition}"
    )


def fact_function_sql(fact: Fact) -> LiteralString:
    """The same for one site and range; simple enough for the planner to inline."""
    return (
        f"create function {fact.name}(site integer, lower timestamptz, upper timestamptz)"
        f" returns setof {fact.name} language sql stable parallel safe as $$"
        f" select * from {fact.name} where site_id = $1 and bucket >= $2 and bucket < $3 $$"
    )


def rollup_function_sql(rollup: Rollup) -> LiteralString:
    """Stored rows where they are clean and whole, the base table for the rest of the range."""
    name, width = rollup.name, rollup.width_sql
    stored = ("block", "visitors", "null::integer") if rollup.people else rollup.measures
    columns: LiteralString = ", ".join(("site_id", "bucket", *rollup.dimensions, *stored))
    first = rollup.floor(f"$2 + {width} - interval '1 microsecond'")
    if rollup.keep:
        kept = f"(select kept_since from rollup_state where name = '{name}')"
        first = f"greatest({first}, {kept})"
    watermark = f"(select watermark from rollup_state where name = '{name}')"
    stop = f"least({rollup.floor('$3')}, {watermark})"
    dirty = f"select bucket from rollup_dirty d where d.rollup = '{name}' and d.site_id = $1"
    return f"""
    create function {name}(site integer, lower timestamptz, upper timestamptz)
    returns table ({signature(rollup)}) language sql stable parallel safe as $$
        select {columns}, last_change from {name}_stored s
        where site_id = $1 and bucket >= {first} and bucket < {stop}
          and bucket <> all (array({dirty}))
        union all
        {rollup.logged(first, stop, dirty)}
        union all
        select live.* from (
            values ($2, least({first}, $3)), (greatest(least({first}, $3), {stop}), $3)
            union all
            select bucket, bucket + {width} from ({dirty}) d
            where bucket >= {first} and bucket < {stop}
        ) span (lower, upper)
        cross join lateral ({rollup.live}) live
    $$"""


def signature(rollup: Rollup) -> LiteralString:
    """The columns with their types: dimensions are text, sums are numeric or bigint, and of people
    there are either a block and its bits, or the number of one."""
    dimensions: list[LiteralString] = [f"{name} text" for name in rollup.dimensions]
    measures: list[LiteralString] = [
        f"{name} {SUM_TYPES.get(name, 'bigint')}" for name in rollup.measures
    ]
    if rollup.people:
        measures = ["block integer", "visitors bit", "ordinal integer"]
    place = ("site_id integer", "bucket timestamptz")
    return ", ".join((*place, *dimensions, *measures, "last_change bigint"))


SUM_TYPES: dict[str, LiteralString] = {"seconds": "numeric", "engaged": "numeric"}
"""Measures whose sum is not a bigint."""


def rollup_view_sql(rollup: Rollup) -> LiteralString:
    """All sites and all time, for notebooks and the curious."""
    return (
        f"create view {rollup.name} as select r.* from site s"
        f" cross join lateral {rollup.name}(s.id, '-infinity', 'infinity') r"
    )


def refresh_sql(rollup: Rollup) -> LiteralString:
    """Recomputes the marked buckets of a stored table, whose name goes into the braces, with
    absolute values."""
    return f"""
    insert into {{}} ({rollup.columns})
    select live.* from unnest(%(sites)s::int[], %(buckets)s::timestamptz[]) mark (site, lower)
    cross join lateral ({rollup.summed_up("mark.site", "mark.lower")}) live"""
