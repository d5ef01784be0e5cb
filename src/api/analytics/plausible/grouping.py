"""Groups of the Stats API: the dimensions of a row as one JSON array, to group and sort by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, LiteralString

from api.analytics.query import Params, Query
from api.analytics.time.buckets import Interval
from api.analytics.time.ranges import Range, series
from api.analytics.vocabulary.dimensions import (
    ENTRY_PAGE,
    EXIT_PAGE,
    GOAL,
    Dimension,
    property_in,
)
from api.analytics.vocabulary.filters import NUMBERS
from api.analytics.vocabulary.metrics import Grouping
from api.analytics.vocabulary.stats_dimensions import property_name
from api.db.sql_files import Fragment

DATE: LiteralString = "YYYY-MM-DD"
TIME: LiteralString = "YYYY-MM-DD HH24:MI:SS"

GROUPINGS: Mapping[frozenset[str], Grouping] = {
    frozenset(): "visit",
    frozenset(("page",)): "page",
    frozenset(("page", "hostname")): "host_page",
}
"""The kinds of groups by their dimensions of events. Time alone groups visits."""


class Groups:
    """The dimensions of a query, and the SQL of their arrays for each .sql file of this package."""

    def __init__(
        self, names: Sequence[str], dimensions: Sequence[Dimension | None], interval: Interval
    ) -> None:
        self.names = names
        """The names of the dimensions, with the interval of time."""
        self.interval = interval
        self.properties = {
            f"dimension_{number}": name
            for key, number in zip(names, NUMBERS, strict=False)
            if (name := property_name(key))
        }
        """The names of properties, by the parameters of the SQL that have them."""
        self.dimensions = [
            property_in(dimension, f"dimension_{number}") if dimension and name else dimension
            for dimension, name, number in zip(
                dimensions, map(property_name, names), NUMBERS, strict=False
            )
        ]
        """The dimensions, in order; None stands for time."""

    @property
    def grouping(self) -> Grouping:
        of_events = frozenset(d.key for d in self.dimensions if d is not None and d.of == "event")
        return GROUPINGS.get(of_events, "event")

    @property
    def by_time(self) -> bool:
        return None in self.dimensions

    @property
    def columns(self) -> tuple[LiteralString, ...]:
        """The columns that a rollup needs for the dimensions; time needs none."""
        return tuple(dimension.column for dimension in self.dimensions if dimension)

    def over(self, query: Query[Params], asked: Range) -> Query[Params]:
        """The query for this range, with the buckets of time. Raises Invalid when they are too
        many."""
        starts = series(asked, self.interval, query.zone) if self.by_time else ()
        return replace(query, lower=asked[0], upper=asked[1], starts=starts)

    def of_visits(self) -> dict[str, Fragment]:
        """Slots of query_visits.sql. A visit is in the bucket of its start, an event in that of its
        time."""
        arrays = {"visit_dimensions": self.array("v.started"), "event_dimensions": self.array()}
        # Without dimensions there is one group, even where nothing is found: no `group by`.
        return arrays if self.dimensions else {**arrays, "grouped": Fragment("")}

    def of_buckets(self) -> dict[str, Fragment]:
        """Slots of query_rollups.sql, whose rows have a bucket instead of a time. Events are
        grouped by time alone: their rollups lack the dimensions of visits."""
        array = self.array("v.bucket")
        slots = {
            **self.of_visits(),
            "visit_dimensions": array,
            "dimensions_text": Fragment(f"{array.sql}::text", array.values),
        }
        del slots["event_dimensions"]
        by_time_alone = not any(self.dimensions)
        return {**slots, "event_dimensions": self.array("e.bucket")} if by_time_alone else slots

    def of_events(self) -> dict[str, Fragment]:
        """Slots of query_events.sql: groups of events, of visits by entry and exit page, and
        without goals."""
        goals: list[LiteralString] = [
            number for d, number in zip(self.dimensions, NUMBERS, strict=False) if d is GOAL
        ]
        join: LiteralString = f"join {GOAL.table} on {GOAL.on}"
        return {
            "event_dimensions": self.array(),
            "entry_dimensions": self.array("v.started", ENTRY_PAGE),
            "exit_dimensions": self.array("v.started", EXIT_PAGE),
            "group_dimensions": self.array(but=GOAL),
            "visitor_dimensions": self.array("v.started", ENTRY_PAGE, but=GOAL),
            "joins": Fragment(join if goals else ""),
            "without_goal": Fragment(f"dimensions - {goals[0]}" if goals else "dimensions"),
        }

    def array(
        self,
        time: LiteralString = "e.time",
        page: Dimension | None = None,
        but: Dimension | None = None,
    ) -> Fragment:
        """All dimensions except `but` as a JSON array; `page`, if given, replaces the page of the
        event."""
        parts = [
            self.part(dimension, time, page)
            for dimension in self.dimensions
            if dimension is None or dimension is not but
        ]
        values: dict[str, Any] = {**self.properties}
        for part in parts:
            values |= part.values
        sql: LiteralString = ", ".join(part.sql for part in parts)
        return Fragment(f"jsonb_build_array({sql})", values)

    def part(
        self, dimension: Dimension | None, time: LiteralString, page: Dimension | None
    ) -> Fragment:
        if dimension is None:
            return Fragment(self.bucket(time))
        if page is None or dimension.of == "visit":
            return dimension.shown
        # A visit by its entry or exit page has no event: the page and the hostname are its own.
        own: Mapping[str, LiteralString] = {"page": page.sql, "hostname": "v.hostname"}
        return Fragment(own.get(dimension.key, "''"))

    def bucket(self, time: LiteralString) -> LiteralString:
        """The local start of the bucket of the series that this time lies in."""
        start: LiteralString = (
            f"(:starts::timestamptz[])[width_bucket({time}, :starts::timestamptz[])]"
        )
        label = TIME if self.has_hours else DATE
        return f"to_char({start} at time zone :timezone, '{label}')"

    @property
    def has_hours(self) -> bool:
        """Whether buckets are hours or minutes."""
        return self.interval in (Interval.MINUTE, Interval.HOUR)

    def label(self, start: datetime) -> str:
        """The local start of a bucket as `bucket` writes it. An hour that the clock shows twice is
        written alike both times."""
        return f"{start:%Y-%m-%d %H:%M:%S}" if self.has_hours else f"{start:%Y-%m-%d}"
