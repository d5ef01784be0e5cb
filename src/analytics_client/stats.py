"""Queries of the Stats API: any metrics by any dimensions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analytics_client.frames import Column, Table

Order = tuple[str, Literal["asc", "desc"]]

COUNTS = frozenset(
    (
        *("visitors", "new_visitors", "returning_visitors"),
        *("visits", "pageviews", "events"),
    )
)
"""The metrics that are whole numbers; all others are numbers."""

MONEY = frozenset(("total_revenue", "average_revenue"))
"""The metrics that are amounts: they have a column with their currency, too."""


@dataclass(frozen=True, slots=True)
class StatsQuery:
    """A query."""

    site: str
    metrics: Sequence[str]
    date_range: str | Sequence[str]
    dimensions: Sequence[str]
    filters: Sequence[Any]
    order_by: Sequence[Order]
    limit: int
    offset: int

    def body(self) -> bytes:
        """The JSON of the request."""
        asked = {
            "site_id": self.site,
            "metrics": self.metrics,
            "date_range": self.date_range,
            "dimensions": self.dimensions,
            "filters": self.filters,
            "order_by": self.order_by,
            "pagination": {"limit": self.limit, "offset": self.offset},
        }
        return json.dumps(asked).encode()


def table_of_stats(asked: StatsQuery, answer: Mapping[str, Any]) -> Table:
    """The answer, with a column for each dimension and metric, named like these."""
    names = answer["query"]["dimensions"]
    columns = [Column(name, "local" if name.startswith("time") else "string") for name in names]
    columns += [column for metric in asked.metrics for column in columns_of(metric)]
    rows = [
        dict(zip(names, found["dimensions"], strict=True))
        | dict(
            pair
            for metric, value in zip(asked.metrics, found["metrics"], strict=True)
            for pair in cells_of(metric, value)
        )
        for found in answer["results"]
    ]
    return Table(columns, rows, about={"query": answer["query"], "meta": answer["meta"]})


def columns_of(metric: str) -> list[Column]:
    if metric in MONEY:
        return [Column(metric, "number"), Column(f"{metric}.currency", "string")]
    return [Column(metric, "integer" if metric in COUNTS else "number")]


def cells_of(metric: str, value: Any) -> list[tuple[str, Any]]:
    """The cells of a value by the names of their columns."""
    if metric not in MONEY:
        return [(metric, value)]
    amount = value or {"value": None, "currency": None}
    return [(metric, amount["value"]), (f"{metric}.currency", amount["currency"])]
