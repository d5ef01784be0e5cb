"""The answer of the Stats API from the rows of the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.analytics.plausible.grouping import Groups
from api.analytics.plausible.models import StatsQuery
from api.analytics.plausible.money import money
from api.analytics.plausible.planning import ordered_by
from api.analytics.plausible.ranges import last_second
from api.analytics.query import Params, Query
from api.analytics.vocabulary.metrics import METRICS

Row = Mapping[str, Any]

NO_REVENUE = {
    "code": "no_revenue_goals_matching",
    "warning": "Revenue metrics are null as no event of the query has an amount.",
}
MIXED_CURRENCIES = {
    "code": "no_single_revenue_currency",
    "warning": "Revenue metrics are null where there are amounts of several currencies.",
}


def shaped(
    asked: StatsQuery, groups: Groups, query: Query[Params], engine: str, rows: Sequence[Row]
) -> dict[str, Any]:
    """The answer, in the shape of models.StatsAnswer. `engine` names the tables that it was
    computed from."""
    return {
        "results": [
            {
                "metrics": [shown(metric, row) for metric in asked.metrics],
                "dimensions": row["dimensions"],
            }
            for row in rows
        ],
        "meta": meta(asked, groups, query, rows) | {"engine": engine},
        "query": echoed(asked, groups, query),
    }


def echoed(asked: StatsQuery, groups: Groups, query: Query[Params]) -> dict[str, Any]:
    """The query as it was understood. Sent again, it means the same range."""
    ends = query.lower, last_second(query.upper)
    return asked.model_dump(mode="json") | {
        "date_range": [end.astimezone(query.zone).isoformat(timespec="seconds") for end in ends],
        "dimensions": groups.names,
        "order_by": ordered_by(asked, groups),
    }


def meta(
    asked: StatsQuery, groups: Groups, query: Query[Params], rows: Sequence[Row]
) -> dict[str, Any]:
    """What is told beside the results."""
    found: dict[str, Any] = {}
    if asked.include.total_rows:
        found["total_rows"] = rows[0]["total_rows"] if rows else 0
    if asked.include.time_labels:
        labels = (groups.label(start.astimezone(query.zone)) for start in query.starts)
        found["time_labels"] = [*dict.fromkeys(labels)]
    if asked.include.imports:
        found |= {"imports_included": False, "imports_skip_reason": "no_imported_data"}
    if warnings := metric_warnings(asked.metrics, rows):
        found["metric_warnings"] = warnings
    return found


def metric_warnings(metrics: Sequence[str], rows: Sequence[Row]) -> dict[str, Any]:
    """Why an amount is null, by metric."""
    amounts = [metric for metric in metrics if METRICS[metric].is_money]
    if any(row["currency"] != row["other_currency"] for row in rows if amounts):
        return dict.fromkeys(amounts, MIXED_CURRENCIES)
    known = any(row[amount] is not None for row in rows for amount in amounts)
    return {} if known else dict.fromkeys(amounts, NO_REVENUE)


def shown(key: str, row: Row) -> Any:
    """A value as the Stats API gives it: rates in per cent, amounts with their currency."""
    metric = METRICS[key]
    value = row[metric.column]
    if not isinstance(value, float):
        return value
    if metric.is_money:
        return money(value, row["currency"])
    return round(value * 100 if metric.unit == "ratio" else value, metric.decimals or None)
