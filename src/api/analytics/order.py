"""How rows are sorted."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from api.analytics.query import Params
from api.db.queries import Fragment
from api.errors import Invalid

DIRECTIONS: Mapping[str, LiteralString] = {"": "desc", "asc": "asc", "desc": "desc"}


def order_by(params: Params, orders: Sequence[LiteralString]) -> Fragment | None:
    """How to sort; ties by the first column. None when nobody asked for an order.

    Raises Invalid, listing the columns that rows can be sorted by.
    """
    if not params.order:
        return None
    name, _, direction = params.order.partition(":")
    columns: dict[str, LiteralString] = {column: column for column in orders}
    if name not in columns or direction not in DIRECTIONS:
        raise Invalid(
            "order: give a column, and :asc or :desc.",
            allowed=[f"{column}:{way}" for column in columns for way in ("asc", "desc")],
        )
    return Fragment(f"{columns[name]} {DIRECTIONS[direction]} nulls last, 1")
