"""What becomes of late events behind the watermark: as it is, and without the late log.

The product has one policy. The others are made of it here, for as long as a block lasts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import LiteralString
from unittest.mock import patch

from api.events.write import late_changes
from api.rollups import ddl, schedule
from api.rollups.model import Rollup


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether late events are logged, and when dirty buckets are computed again."""

    name: str
    logs: bool
    period: timedelta | None = None
    """After which a dirty bucket older than a day is computed again; None: when its age doubled."""

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Has the product follow this policy."""
        if self.logs:
            yield
            return
        with (
            patch.object(late_changes, "MOST_LOGGED", -1),
            patch.object(ddl, "late_rows_sql", nothing_logged),
            patch.object(schedule, "DIRTY_RESTED", rested(self.period)),
        ):
            yield


POLICIES = (
    Policy("late log", logs=True),
    Policy("no log, rests", logs=False),
    Policy("no log, 1 h", logs=False, period=timedelta(hours=1)),
    Policy("no log, 30 min", logs=False, period=timedelta(minutes=30)),
    Policy("no log, 15 min", logs=False, period=timedelta(minutes=15)),
)

as_declared = ddl.late_rows_sql


def nothing_logged(
    rollup: Rollup, first: LiteralString, stop: LiteralString, dirty: LiteralString
) -> LiteralString:
    """The part of a rollup's function that reads the log, reduced to what the planner drops."""
    text: LiteralString = as_declared(rollup, first, stop, dirty)
    return text.replace("where site_id", "where false and site_id", 1)


def rested(period: timedelta | None) -> LiteralString:
    """The product's condition for a dirty bucket to be due; of one that is older than a day, also
    that a period has ended since the last refresh."""
    if period is None:
        return schedule.DIRTY_RESTED
    now, then = (
        f"floor(extract(epoch from {time}) / {period.total_seconds():g})"
        for time in ("%(now)s::timestamptz", "r.refreshed_at")
    )
    old = "d.bucket + r.width < %(now)s::timestamptz - interval '1 day'"
    return f"({schedule.rested('2')} or ({old} and {now} > {then}))"  # type: ignore[return-value]
