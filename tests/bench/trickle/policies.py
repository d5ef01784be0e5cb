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
from api.rollups import ddl
from api.rollups.model import Rollup


@dataclass(frozen=True, slots=True)
class Policy:
    """Whether late events are logged, and when dirty buckets are computed again."""

    name: str
    logs: bool
    period: timedelta | None = None
    """After which a dirty bucket older than a day is computed again; None: as the product does."""

    @property
    def due(self) -> LiteralString:
        """When a dirty bucket (d) of a rollup (r) is due that was marked after the round before."""
        due: LiteralString = "refresh_due(d.bucket + r.width, %(before)s)"
        if self.period is None:
            return due
        return (
            f"case when d.bucket + r.width > %(before)s - interval '1 day' then {due}"
            f" else least({due}, date_bin(%(period)s, %(before)s, 'epoch') + %(period)s) end"
        )

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Has the product follow this policy."""
        if self.logs:
            yield
            return
        with (
            patch.object(late_changes, "MOST_LOGGED", -1),
            patch.object(ddl, "late_rows_sql", nothing_logged),
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
