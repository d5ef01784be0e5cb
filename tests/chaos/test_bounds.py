"""What the time machine calls growth."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chaos.bounds import growing
from chaos.growth import MEGABYTE, Sample, Thing
from oracle.histories import DAY

START = datetime(2026, 12, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("size", "grows"),
    [
        (lambda day: 1 + (day + 5) % 7, []),
        (lambda day: 1 + (day + 5) % 7 + day // 7, ["event"]),
        (lambda day: max(day, 10), ["event"]),
        (lambda day: min(day, 60), []),
    ],
    ids=["smaller each week", "smaller each week, and growing", "growing", "full"],
)
def test_table_grows_if_its_largest_size_of_a_week_does(
    size: Callable[[int], float], grows: list[str]
) -> None:
    event = Thing("raw data", "event")
    samples = [
        Sample(START + day * DAY, day, {event: round(size(day) * MEGABYTE)})
        for day in range(0, 150, 2)
    ]
    assert [found.partition(":")[0] for found in growing(samples)] == grows
