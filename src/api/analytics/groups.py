"""The groups of the Stats API: several dimensions as one JSON array, to group and sort by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from api.analytics.buckets import Interval
from api.analytics.dimensions import ENTRY_PAGE, EXIT_PAGE, GOAL, PROPERTY, Dimension
from api.analytics.filters import NUMBERS
from api.analytics.metrics import Grouping
from api.analytics.query import Query
from api.analytics.ranges import Range, series
from api.db.sql_files import Fragment

LABELS: Mapping[Interval, LiteralString] = {
    Interval.MINUTE: "YYYY-MM-DD HH24:MI:SS",
    Interval.HOUR: "YYYY-MM-DD HH24:MI:SS",
    Interval.DAY: "YYYY-MM-DD",
    Interval.WEEK: "YYYY-MM-DD",
    Interval.MONTH: "YYYY-MM-DD",
}


class Groups:
    """The dimensions that were asked for, as JSON arrays that can be grouped and sorted by."""

    def __init__(
        self, names: Sequence[str], dimensions: Sequence[Dimension | None], interval: Interval
    ) -> None:
        self.dimensions = dimensions
        """None for time."""
        self.interval = interval
        self.numbered = [*zip(names, dimensions, NUMBERS, strict=False)]

    @property
    def grouping(self) -> Grouping:
        """What kind of groups these are; time alone makes groups of visits."""
        of_events = {d.key for d in self.dimensions if d is not None and d.of == "event"}
        if not of_events:
            return "visit"
        return "page" if of_events == {"page"} else "event"

    @property
    def by_time(self) -> bool:
        """Whether time is one of the dimensions."""
        return None in self.dimensions

    @property
    def columns(self) -> tuple[LiteralString, ...]:
        """The columns of rollups that hold the dimensions; time is in all of them."""
        return tuple(dimension.column for dimension in self.dimensions if dimension)

    def over(self, query: Query, asked: Range) -> Query:
        """The query about this range, with the buckets of time. Raises Invalid for too many."""
        starts = series(asked, self.interval, ZoneInfo(query.timezone)) if self.by_time else ()
        return replace(query, lower=asked[0], upper=asked[1], starts=starts)

    def of_visits(self) -> dict[str, Fragment]:
        """Visits lie where they start, events where they happen."""
        arrays = {"visit_dimensions": self.array("v.started"), "event_dimensions": self.array()}
        # Everything together is one group, even of nothing.
        return arrays if self.numbered else {**arrays, "grouped": Fragment("")}

    def of_buckets(self) -> dict[str, Fragment]:
        """The same groups of rows of rollups, which know the bucket of a time; of events, groups by
        time alone."""
        array = self.array("v.bucket")
        slots = {
            **self.of_visits(),
            "visit_dimensions": array,
            "people_dimensions": Fragment(f"{array.sql}::text", array.values),
        }
        del slots["event_dimensions"]
        by_time_alone = not any(self.dimensions)
        return {**slots, "event_dimensions": self.array("e.bucket")} if by_time_alone else slots

    def of_events(self) -> dict[str, Fragment]:
        """The same groups for the visits that begin or end on a page, and without goals."""
        goals: list[LiteralString] = [number for _, d, number in self.numbered if d is GOAL]
        join: LiteralString = f"join {GOAL.table} on {GOAL.on}"
        return {
            "event_dimensions": self.array(),
            "entry_dimensions": self.array("v.started", ENTRY_PAGE),
            "exit_dimensions": self.array("v.started", EXIT_PAGE),
            "group_dimensions": self.array(but=GOAL),
            "visitor_dimensions": self.array("v.started", ENTRY_PAGE, but=GOAL),
            "joins": Fragment(join if goals else ""),
            "others": Fragment(f"dimensions - {goals[0]}" if goals else "dimensions"),
        }

    def array(
        self,
        time: LiteralString = "e.time",
        page: Dimension | None = None,
        but: Dimension | None = None,
    ) -> Fragment:
        """All dimensions (but one) as an array; with a page of the visit for that of the event."""
        parts: list[LiteralString] = []
        values: dict[str, Any] = {}
        for name, dimension, number in self.numbered:
            if dimension is None:
                parts.append(self.bucket(time))
            elif dimension is but:
                continue
            elif name.startswith(PROPERTY):
                # In groups of visits there are no events, and nobody asks for them by property.
                expression: LiteralString = f"coalesce(e.props ->> :dimension_{number}, '(none)')"
                parts.append("''" if page else expression)
                values[f"dimension_{number}"] = name.removeprefix(PROPERTY)
            elif page and dimension.of == "event":
                parts.append(page.sql)
            else:
                parts.append(dimension.sql)
        return Fragment(f"jsonb_build_array({', '.join(parts)})", values)

    def bucket(self, time: LiteralString) -> LiteralString:
        """The local start of the bucket of the series in which this time lies."""
        start: LiteralString = (
            f"(:starts::timestamptz[])[width_bucket({time}, :starts::timestamptz[])]"
        )
        label = LABELS[self.interval]
        return f"to_char({start} at time zone :timezone, '{label}')"
