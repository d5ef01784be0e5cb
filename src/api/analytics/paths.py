"""The paths report: the ways that visits take through the site."""

from collections.abc import Mapping
from typing import Any

from api.analytics.filters import page_pattern
from api.analytics.params import PathsParams
from api.analytics.query import Query
from api.db.queries import Fragment

BACKWARDS = Fragment("e.time desc, e.id desc")


def path_values(query: Query) -> dict[str, Any]:
    """How many steps, and the page they begin at; null for where the visit does."""
    params = query.params
    assert isinstance(params, PathsParams)
    pattern = page_pattern(params.page) if params.page else None
    return {"steps": params.steps, "pattern": pattern}


def path_slots(query: Query) -> Mapping[str, Fragment]:
    """Onwards from a page, or backwards from it."""
    params = query.params
    assert isinstance(params, PathsParams)
    return {"direction": BACKWARDS} if params.direction == "to" else {}
