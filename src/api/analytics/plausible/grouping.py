"""Groups of the Stats API: the dimensions of a row as one JSON array, to group and sort by."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString

from api.analytics.query import Params, Query
from api.analytics.time.buckets import Interval
from api.analytics.time.ranges import Range, series
from api.analytics.vocabulary.dimensions import ENTRY_PAGE, EXIT_PAGE, GOAL, PROPERTY, Dimension
from api.analytics.vocabulary.filters import NUMBERS
from api.analytics.vocabulary.metrics import Grouping
from api.db.sql_files import Fragment

LABELS: Mapping[Interval, LiteralString] = {
    Interval.MINUTE: "YYYY-MM-DD HH24:MI:SS",
    Interval.HOUR: "YYYY-MM-DD HH24:MI:SS",
    Interval.DAY: "YYYY-MM-DD",
    Interval.WEEK: "YYYY-MM-DD",
    Interval.MONTH: "YYYY-MM-DD",
}


class Groups:
    """The dimensions of a query, and the SQL of their arrays for each .sql file of this package."""

    def __init__(
        self, names: Sequence[str], dimensions: Sequence[Dimension | None], interval: Interval
    ) -> None:
        self.dimensions = dimensions
        """The dimensions, in order; None stands for time."""
        self.interval = interval
        self.numbered = [*zip(names, dimensions, NUMBERS, strict=False)]

    @property
    def grouping(self) -> Grouping:
        """The kind of these groups. Time alone groups visits."""
        of_events = {d.key for d in self.dimensions if d is not None and d.of == "event"}
        if not of_events:
            return "visit"
        return "page" if of_events == {"page"} else "event"

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
        return arrays if self.numbered else {**arrays, "grouped": Fragment("")}

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
        goals: list[LiteralString] = [number for _, d, number in self.numbered if d is GOAL]
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
        parts: list[LiteralString] = []
        values: dict[str, Any] = {}
        for name, dimension, number in self.numbered:
            if dimension is None:
                parts.append(self.bucket(time))
            elif dimension is but:
                continue
            elif name.startswith(PROPERTY):
                # A visit by its entry or exit page has no event, so no property either.
                expression: LiteralString = f"coalesce(e.props ->> :dimension_{number}, '(none)')"
                parts.append("''" if page else expression)
                values[f"dimension_{number}"] = name.removeprefix(PROPERTY)
            elif page and dimension.of == "event":
                parts.append(page.sql)
            else:
                parts.append(dimension.sql)
        return Fragment(f"jsonb_build_array({', '.join(parts)})", values)

    def bucket(self, time: LiteralString) -> LiteralString:
        """The local start of the bucket of the series that this time lies in."""
        start: LiteralString = (
            f"(:starts::timestamptz[])[width_bucket({time}, :starts::timestamptz[])]"
        )
        label = LABELS[self.interval]
        return f"to_char({start} at time zone :timezone, '{label}')"
