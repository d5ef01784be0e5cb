"""The SQL of rollups: how they are stored, and the function that reads them.

Each fact and each rollup becomes, in the database,

    a view      visits, traffic              for people: all sites, all time
    a function  traffic(site, lower, upper)  for reports: exactly the rows of [lower, upper)

with the same columns, so that a report changes its source by changing one name. The function of a
rollup returns stored rows of whole buckets that are older than the watermark and not dirty, what
the late log has about them, and live rows for the rest of the range: its edges, what is newer, what
is dirty. That makes a rollup exact at every moment and on every engine.

Live rows of a rollup of distinct visitors are single visitors (`visitor_number`), not bitmaps;
analytics/sql/people.sql unites and counts both.
"""

from typing import LiteralString

from api.db.engine import Engine
from api.rollups.model import BIT, BLOCK, BLOCK_OF, Fact, Rollup, late_log

NO_BITMAP: LiteralString = f"null::integer as block, null::bit({BLOCK}) as visitors"
"""Of a single visitor, who is in no bitmap."""

ANY_BLOCK: LiteralString = f"coalesce(block, {BLOCK_OF})"
"""The block of a bitmap or of a single visitor."""

SUM_TYPES: dict[str, LiteralString] = {"visit_duration_us": "numeric", "engaged_seconds": "numeric"}
"""Measures whose sum is not a bigint."""


def stored_sql(rollup: Rollup, engine: Engine) -> LiteralString:
    """The DDL of the stored rows: a continuous aggregate, or a table of the same columns."""
    if not engine.continuous_aggregates:
        rows = rollup.rows(rollup.floor(rollup.fact.time))
        return f"create table {rollup.name}_stored as {rows} with no data"
    # Rows that expire after days are removed by chunks, which are ten weeks wide by default.
    chunks = ", timescaledb.chunk_interval = '5 days'" if rollup.retention else ""
    bucket = f"time_bucket({rollup.width_sql}, {rollup.fact.time})"
    return (
        f"create materialized view {rollup.name}_stored with (timescaledb.continuous,"
        " timescaledb.materialized_only = true, timescaledb.create_group_indexes = false"
        f"{chunks}) as {rollup.rows(bucket)} with no data"
    )


def index_sql(rollup: Rollup) -> tuple[LiteralString, ...]:
    """The indexes of the stored rows: by time, by the last change in a bucket, and, with a single
    dimension, by its value, since often only the rows of the listed values are read."""
    create: LiteralString = f"create index if not exists {rollup.name}"
    on: LiteralString = f"on {rollup.name}_stored (site_id"
    indexes: tuple[LiteralString, ...] = (
        f"{create}_by_time {on}, bucket)",
        f"{create}_by_change {on}, bucket, last_change) where last_change is not null",
    )
    if len(rollup.dimensions) != 1:
        return indexes
    return *indexes, f"{create}_by_value {on}, {rollup.dimensions[0]}, bucket)"


def fact_view_sql(fact: Fact) -> LiteralString:
    """The view of the base table with its measures; its time is called `bucket`."""
    return (
        f"create view {fact.name} as"
        f" select t.*, {fact.time} as bucket, {NO_BITMAP}, {fact.per_row} from {fact.table} t"
        f" where {fact.condition}"
    )


def fact_function_sql(fact: Fact) -> LiteralString:
    """The same for one site and range; simple enough for the planner to inline."""
    return (
        f"create function {fact.name}(site integer, lower timestamptz, upper timestamptz)"
        f" returns setof {fact.name} language sql stable parallel safe as $$"
        f" select * from {fact.name} where site_id = $1 and bucket >= $2 and bucket < $3 $$"
    )


def rollup_view_sql(rollup: Rollup) -> LiteralString:
    """The view over all sites and all time."""
    return (
        f"create view {rollup.name} as select r.* from site s"
        f" cross join lateral {rollup.name}(s.id, '-infinity', 'infinity') r"
    )


def rollup_function_sql(rollup: Rollup) -> LiteralString:
    """The function that reads a rollup (see rollup_rows_sql)."""
    live = live_rows_sql(rollup)
    return f"""
    create function {rollup.name}(site integer, lower timestamptz, upper timestamptz)
    returns table ({signature(rollup)}) language sql stable parallel safe as $$
        {rollup_rows_sql(rollup, live)}
    $$"""


def rollup_rows_sql(rollup: Rollup, live_rows: LiteralString) -> LiteralString:
    """The rows of one site ($1) and range ($2, $3): stored, late and live ones. `live_rows` are the
    last ones, of a span (see live_rows_sql)."""
    name, width = rollup.name, rollup.width_sql
    stored = ("block", "visitors", "null::integer")
    columns: LiteralString = ", ".join(
        (
            *("site_id", "bucket", *rollup.dimensions),
            *(stored if rollup.distinct_visitors else rollup.measures),
        )
    )
    first = rollup.floor(f"$2 + {width} - interval '1 microsecond'")
    if rollup.retention:
        kept = f"(select rows_since from rollup_state where name = '{name}')"
        first = f"greatest({first}, {kept})"
    watermark = f"(select watermark from rollup_state where name = '{name}')"
    stop = f"least({rollup.floor('$3')}, {watermark})"
    dirty = f"select bucket from rollup_dirty d where d.rollup = '{name}' and d.site_id = $1"
    return f"""
        select {columns}, last_change from {name}_stored s
        where site_id = $1 and bucket >= {first} and bucket < {stop}
          and bucket <> all (array({dirty}))
        union all
        {late_rows_sql(rollup, first, stop, dirty)}
        union all
        select live.* from (
            values ($2, least({first}, $3)), (greatest(least({first}, $3), {stop}), $3)
            union all
            select bucket, bucket + {width} from ({dirty}) d
            where bucket >= {first} and bucket < {stop}
        ) span (lower, upper)
        cross join lateral ({live_rows}) live"""


def signature(rollup: Rollup) -> LiteralString:
    """The columns of the function with their types. Of distinct visitors a row has either a block
    and its bitmap, or the number of one visitor."""
    dimensions: list[LiteralString] = [f"{name} text" for name in rollup.dimensions]
    measures: list[LiteralString] = [
        f"{name} {SUM_TYPES.get(name, 'bigint')}" for name in rollup.measures
    ]
    if rollup.distinct_visitors:
        measures = ["block integer", "visitors bit", "visitor_number integer"]
    first = ("site_id integer", "bucket timestamptz")
    return ", ".join((*first, *dimensions, *measures, "last_change bigint"))


def live_rows_sql(rollup: Rollup, inlined: bool = False) -> LiteralString:
    """Live rows of one site ($1) and the `span` that the statement is joined with. `inlined` names
    no function of a narrower rollup: it has what that function does."""
    if rollup.built_from:
        narrower: LiteralString = f"{rollup.built_from.name}($1, span.lower, span.upper)"
        if inlined:
            rows = rollup_rows_sql(rollup.built_from, live_rows_sql(rollup.built_from, inlined))
            narrower = f"({rows.replace('$2', 'span.lower').replace('$3', 'span.upper')}) narrower"
        kept = (
            ("block", "visitors", "visitor_number") if rollup.distinct_visitors else rollup.measures
        )
        selection = rollup.select_list(rollup.floor("bucket"), *kept, "last_change")
        return f"select {selection} from {narrower}"
    fact, bucket = rollup.fact, rollup.floor(rollup.fact.time)
    rows: LiteralString = (
        f"from {fact.table} where site_id = $1 and {fact.time} >= span.lower"
        f" and {fact.time} < span.upper and {rollup.only}"
    )
    if rollup.distinct_visitors:
        single = rollup.select_list(bucket, NO_BITMAP, "visitor_number", "last_change")
        # offset 0 keeps the span a parameter: joined with it, the whole table would be read.
        return f"select {single} {rows} offset 0"
    return f"select {rollup.selection(bucket)} {rows} group by {rollup.grouping}"


def late_rows_sql(
    rollup: Rollup, first: LiteralString, stop: LiteralString, dirty: LiteralString
) -> LiteralString:
    """What the late log has about the stored buckets of [first, stop), without the dirty ones, and
    what is not in their stored rows yet. It can only add visitors to a bitmap: a change that may
    remove one marks the bucket dirty instead."""
    fact, bucket = rollup.fact, rollup.floor(rollup.fact.time)
    last = last_change_sql(rollup, "$1", rollup.floor(f"c.{fact.time}"))
    rows: LiteralString = (
        f"from {late_log(fact.table)} c where site_id = $1 and {fact.time} >= {first}"
        f" and {fact.time} < {stop} and {rollup.only} and {bucket} <> all (array({dirty}))"
        f" and change > coalesce({last}, 0)"
    )
    if rollup.distinct_visitors:
        single = rollup.select_list(bucket, NO_BITMAP, "visitor_number", "change")
        return f"select {single} {rows} and sign > 0"
    sums: list[LiteralString] = [
        f"sum(sign * ({fact.measures[name]})) as {name}" for name in rollup.measures
    ]
    selection = rollup.select_list(bucket, *sums, "max(change)")
    return f"select {selection} {rows} group by {rollup.grouping}"


def last_change_sql(rollup: Rollup, site: LiteralString, bucket: LiteralString) -> LiteralString:
    """The number of the last change that the stored rows of a bucket contain; null for none."""
    return (
        f"(select max(s.last_change) from {rollup.name}_stored s where s.site_id = {site}"
        f" and s.bucket = {bucket} and s.last_change is not null)"
    )


def recompute_sql(rollup: Rollup) -> LiteralString:
    """Inserts the rows of the marked buckets into the stored table, whose name goes into the
    braces. Computed from the narrower rollup where there is one: it is as exact."""
    return f"""
    insert into {{}} ({rollup.columns})
    select live.* from unnest(%(sites)s::int[], %(buckets)s::timestamptz[]) mark (site, lower)
    cross join lateral ({bucket_sql(rollup, "mark.site", "mark.lower")}) live"""


def bucket_sql(rollup: Rollup, site: LiteralString, lower: LiteralString) -> LiteralString:
    """The rows of one bucket of one site."""
    upper = f"{lower} + {rollup.width_sql}"
    if rollup.built_from:
        blocks: tuple[LiteralString, ...] = (ANY_BLOCK,) if rollup.distinct_visitors else ()
        grouping = ", ".join(("1", "2", *rollup.dimensions, *blocks))
        source = f"{rollup.built_from.name}({site}, {lower}, {upper})"
        return f"select {selection_of_narrower(rollup)} from {source} group by {grouping}"
    time = rollup.fact.time
    return (
        f"select {rollup.selection(rollup.floor(time))} from {rollup.fact.table}"
        f" where site_id = {site} and {time} >= {lower} and {time} < {upper} and {rollup.only}"
        f" group by {rollup.grouping}"
    )


def selection_of_narrower(rollup: Rollup) -> LiteralString:
    """The select list over rows of the narrower rollup."""
    kept: list[LiteralString] = [
        f"sum({name})::{SUM_TYPES.get(name, 'bigint')} as {name}" for name in rollup.measures
    ]
    if rollup.distinct_visitors:
        kept = [f"{ANY_BLOCK} as block", f"bit_or(coalesce(visitors, {BIT})) as visitors"]
    last: LiteralString = "max(last_change) as last_change"
    return rollup.select_list(rollup.floor("bucket"), *kept, last)
