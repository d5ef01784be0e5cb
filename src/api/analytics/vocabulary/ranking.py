"""How rows are sorted, and for which values visitors are counted to find the top N."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, LiteralString, Protocol

from api.db.sql_files import Fragment
from api.errors import invalid

Direction = Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class Order:
    """The column to sort by, and which way."""

    measure: LiteralString
    direction: Direction = "desc"

    @property
    def fragment(self) -> Fragment:
        """The order in SQL: nulls last, ties by the first column."""
        return Fragment(f"{self.measure} {self.direction} nulls last, 1")


def parse_order(text: str, columns: Mapping[str, LiteralString]) -> Order | None:
    """The order that visitors:desc means; None when none was asked for. `columns` has the names
    that callers use, each with its column in SQL.

    Raises Invalid, listing the columns that rows can be sorted by.
    """
    if not text:
        return None
    directions: tuple[Direction, ...] = ("asc", "desc")
    orders = {
        f"{name}:{direction}": Order(measure, direction)
        for name, measure in columns.items()
        for direction in directions
    }
    name, _, direction = text.partition(":")
    order = orders.get(f"{name}:{direction or 'desc'}")
    if order is None:
        raise invalid("order", "is not a column with :asc or :desc", orders)
    return order


class Ordered(Protocol):
    """What is asked of a query here (see api.analytics.query, which imports this module)."""

    @property
    def order(self) -> Order | None: ...

    @property
    def is_comparison(self) -> bool: ...


EVERYTHING = Fragment("true")
NOTHING = Fragment("false")


def may_reach_top(measure: LiteralString) -> Fragment:
    """Whether a value may be in the top N by visitors. No value has more visitors than visits (or
    page views), so one with fewer of these than the N-th best has visitors cannot be in it."""
    return Fragment(
        f"{measure} >= (select case when count(*) = :limit::bigint + :offset::bigint"
        " then min(visitors) else 0 end from top_visitors)"
    )


def ranking_slots(
    value: LiteralString, query: Ordered, measure: LiteralString
) -> dict[str, Fragment]:
    """The slots that say for which values visitors are counted: the top N and, sorted by visitors,
    every other value that may be in it. `measure` is an upper bound of a value's visitors."""
    slots = {"top": value_in("top", value), "candidates": NOTHING}
    order = query.order
    if order is None or query.is_comparison:
        return slots
    if order.measure != "visitors":
        return {**slots, "rank_by": order.fragment}
    is_candidate = EVERYTHING if order.direction == "asc" else may_reach_top(measure)
    return {**slots, "is_candidate": is_candidate, "candidates": value_in("candidates", value)}


def value_in(chosen: LiteralString, value: LiteralString) -> Fragment:
    """Whether a value is one of those that this part of the question (a CTE) lists."""
    return Fragment(f"{value} = any (array(select value from {chosen}))")


def chosen_slot(query: Ordered, columns: LiteralString) -> dict[str, Fragment]:
    """The slot that chooses the rows to compare: those whose columns are one of the keys in
    `chosen`, a JSON array of arrays."""
    if not query.is_comparison:
        return {}
    return {
        "chosen": Fragment(
            f"jsonb_build_array({columns}) in (select jsonb_array_elements(:chosen::jsonb))"
        )
    }
