"""How rows are sorted, and for which values visitors are counted to find the top N."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, LiteralString

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


def parse_order(text: str, measures: Sequence[LiteralString]) -> Order | None:
    """The order that visitors:desc means; None when none was asked for.

    Raises Invalid, listing the columns that rows can be sorted by.
    """
    if not text:
        return None
    directions: tuple[Direction, ...] = ("asc", "desc")
    orders = {
        f"{measure}:{direction}": Order(measure, direction)
        for measure in measures
        for direction in directions
    }
    measure, _, direction = text.partition(":")
    order = orders.get(f"{measure}:{direction or 'desc'}")
    if order is None:
        raise invalid("order", "is not a column with :asc or :desc", orders)
    return order


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
    value: LiteralString, order: Order | None, measure: LiteralString
) -> dict[str, Fragment]:
    """The slots that say for which values visitors are counted: the top N and, sorted by visitors,
    every other value that may be in it. `measure` is an upper bound of a value's visitors."""
    slots = {"top": value_in("top", value), "candidates": NOTHING}
    if order is None:
        return slots
    if order.measure != "visitors":
        return {**slots, "rank_by": order.fragment}
    is_candidate = EVERYTHING if order.direction == "asc" else may_reach_top(measure)
    return {**slots, "is_candidate": is_candidate, "candidates": value_in("candidates", value)}


def value_in(chosen: LiteralString, value: LiteralString) -> Fragment:
    """Whether a value is one of those that this part of the question (a CTE) lists."""
    return Fragment(f"{value} = any (array(select value from {chosen}))")
