"""The paths report: the ways that visits take through the site."""

from collections.abc import Mapping
from dataclasses import replace

from api.analytics.filters import page_pattern
from api.analytics.params import PathsParams
from api.analytics.query import Query
from api.db.sql_files import Fragment

BACKWARDS = Fragment("e.time desc, e.id desc")


def with_ways(query: Query) -> Query:
    """How many steps, and the page they begin at; null for where the visit does."""
    params = query.params
    assert isinstance(params, PathsParams)
    pattern = page_pattern(params.page) if params.page else None
    return replace(query, values={"steps": params.steps, "pattern": pattern})


def path_slots(query: Query) -> Mapping[str, Fragment]:
    """Onwards from a page, or backwards from it."""
    params = query.params
    assert isinstance(params, PathsParams)
    return {"direction": BACKWARDS} if params.direction == "to" else {}
