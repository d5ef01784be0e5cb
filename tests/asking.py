"""What reports need to answer, for tests that ask every one of them."""

import json
from collections.abc import Mapping
from typing import Any

from api.analytics.reports import REPORTS

NEEDED: Mapping[str, Mapping[str, Any]] = {
    "funnel": {"steps": ["/", "/pricing"]},
    "funnel/visitors": {"steps": ["/", "/pricing"]},
    "correlations": {"goal": "/pricing"},
}
"""By the name of a report, the parameters without which it refuses."""

NEED_HISTORY = frozenset(("forecast", "anomalies"))
"""The reports that refuse a site with too little history."""

ANSWERING = tuple(report for report in REPORTS if report.name not in NEED_HISTORY)
"""The reports that answer however little history a site has."""


def needed(path: str) -> Mapping[str, Any]:
    """The parameters without which the route of a report refuses; none for other routes."""
    return NEEDED.get(path.removeprefix("/api/analytics/"), {})


def needs_history(path: str) -> bool:
    """Whether it is the route of a report that needs more history than most tests send."""
    return path.removeprefix("/api/analytics/") in NEED_HISTORY


LISTS = {"steps", "pages"}
"""Parameters that take several values. Other lists are JSON in the query of a GET."""


def in_query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as the query of a GET has them."""
    return {
        name: value if name in LISTS or isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
    }
