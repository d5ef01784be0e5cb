"""How rows are sorted, and what has to be counted to know which come first."""

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


EVERYTHING = Fragment("true")
NOTHING = Fragment("false")


def bound(column: LiteralString) -> Fragment:
    """Who may be among the first by visitors: nobody has more visitors than visits (page views), so
    as many of these are needed as the last of the leaders has visitors."""
    return Fragment(
        f"{column} >= (select case when count(*) = :limit::bigint + :offset::bigint"
        " then min(visitors) else 0 end from leaders_people)"
    )


def counted_for(
    value: LiteralString, order: Fragment | None, most: Fragment
) -> dict[str, Fragment]:
    """For which values visitors must be counted: the leaders; and where visitors decide on who is
    listed, for others that may be."""
    slots = {"leaders": among("leaders", value), "others": NOTHING}
    if order is None:
        return slots
    if not order.sql.startswith("visitors"):
        return {**slots, "by": order}
    final = EVERYTHING if order.sql.startswith("visitors asc") else most
    return {**slots, "final": final, "others": among("others", value)}


def among(chosen: LiteralString, value: LiteralString) -> Fragment:
    """Whether a value is one of those that a part of the question chose."""
    return Fragment(f"{value} = any (array(select value from {chosen}))")
