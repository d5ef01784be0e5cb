"""Each number of an answer beside that of the range to compare with."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

Fields = Mapping[str, Any]

Changes = dict[str, dict[str, float | None]]
"""By the name of a number: `value` in the other range, `difference` and `ratio` (see
report.Change)."""


def compared_rows(
    key: Sequence[str], rows: Sequence[Fields], then: Sequence[Fields]
) -> list[dict[str, Any]]:
    """The rows, each with its comparison: with the row of the same key or, where rows have no key,
    with the row in the same place; null where there is none."""
    if not key:
        pairs = zip_longest(rows, then[: len(rows)])
        return [
            {**row, "comparison": changes_of(row, other) if other else None} for row, other in pairs
        ]
    by_key = {tuple(row[column] for column in key): row for row in then}
    others = (by_key.get(tuple(row[column] for column in key), {}) for row in rows)
    return [
        {**row, "comparison": changes_of(row, other, but=key)}
        for row, other in zip(rows, others, strict=True)
    ]


def changes_of(now: Fields, then: Fields, but: Sequence[str] = ()) -> Changes:
    """Each number of `now` beside that of `then`. What is not there happened 0 times; its rates and
    means are unknown."""
    return {
        name: change(value, then.get(name, 0 if isinstance(value, int) else None))
        for name, value in now.items()
        if is_number(value) or is_number(then.get(name))
        if name not in but
    }


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def change(now: float | None, then: float | None) -> dict[str, float | None]:
    if now is None or then is None:
        return {"value": then, "difference": None, "ratio": None}
    return {"value": then, "difference": now - then, "ratio": now / then if then else None}
