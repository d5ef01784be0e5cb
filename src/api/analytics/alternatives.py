"""Queries to suggest instead of one that needs expired raw data.

A change of parameters is suggested only after the changed query was planned and can be answered.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any
from urllib.parse import urlencode

from api.analytics.planner import ORIGIN
from api.analytics.query import Compare, Compared, Params, Query, RangeParams
from api.analytics.time.buckets import DAY, HOUR, MINUTE, midnight

MOST = 3
"""The most alternatives that a refusal lists."""

Change = dict[str, str]
"""New values of parameters, as in a query string; '' stands for an empty default."""

Works = Callable[[Change], bool]
"""Tells whether the query with a change can be planned."""

NEVER_RESET = {*RangeParams.model_fields, "format", "csv"}


def alternatives(query: Query[Params], works: Works) -> list[str]:
    """At most MOST changes, as query strings, each of which is enough by itself: other ranges
    first, then parameters reset to their default. Where none is enough, one that combines both, if
    any."""
    groups = chain(ranges(query, works), ([reset] for reset in resets(query)))
    found = [*islice(firsts(groups, works), MOST)] or several(query, works)
    return [urlencode(change, safe=":/") for change in found]


def firsts(groups: Iterable[Iterable[Change]], works: Works) -> Iterator[Change]:
    """The first change of each group that is enough."""
    for group in groups:
        yield from islice(filter(works, group), 1)


def several(query: Query[Params], works: Works) -> list[Change]:
    """At most one change: another range, and the parameters that have to be reset with it."""
    left_out = every = resets(query)

    def works_without_all(change: Change) -> bool:
        return works(merged(*every, change))

    groups = chain([[Change()]], ranges(query, works_without_all))
    for change in islice(firsts(groups, works_without_all), 1):
        for reset in every:
            fewer = [other for other in left_out if other is not reset]
            left_out = fewer if works(merged(*fewer, change)) else left_out
        return [merged(*left_out, change)]
    return []


def merged(*changes: Change) -> Change:
    return {name: text for change in changes for name, text in change.items()}


def ranges(query: Query[Params], works: Works) -> Iterator[Iterable[Change]]:
    """Other ranges and time zones, in groups of which one change is enough: whole hours or days of
    UTC, the time zone UTC, a later start."""
    hours, days = whole(query, HOUR), whole(query, DAY)
    yield hours, days
    if query.timezone != "UTC":
        utc = {"timezone": "UTC"}
        yield utc, utc | hours, utc | days
    yield later(query, works)


def whole(query: Query[Params], width: timedelta) -> Change:
    """The query's ranges, extended to whole hours or days of UTC. An end that is now stays open,
    unless the query compares ranges."""
    is_open = ends_now(query) and query.compared is None
    change = starting(query, floor(query.lower, width))
    if not is_open:
        change |= {"to": instant(ceiling(query.upper, width))}
    if query.compared and is_custom(query.params):
        lower, upper = floor(query.compared[0], width), ceiling(query.compared[1], width)
        change |= {"compare_from": instant(lower), "compare_to": instant(upper)}
    return change


def later(query: Query[Params], works: Works) -> Iterator[Change]:
    """Later starts of the range: where raw data begins, then the first local day that can be
    answered."""
    kept, zone = query.site.raw_data_since, query.zone
    assert kept
    yield starting(query, kept)
    first, today = (moment.astimezone(zone).date() for moment in (kept, query.now))
    starts = [midnight(first + n * DAY, zone) for n in range(1, (today - first).days + 1)]
    first_works = bisect_left(starts, True, key=lambda start: works(starting(query, start)))
    yield from (starting(query, start) for start in starts[first_works : first_works + 1])


def starting(query: Query[Params], lower: datetime) -> Change:
    """The range with another start. An end that would lie before it is left out."""
    given, is_behind = query.params.model_fields_set, query.upper <= lower
    change = {name: "" for name in ("hours", "days", "period") if name in given}
    if "to" in given and is_behind:
        change["to"] = ""
    elif "to" not in given and not is_behind and not ends_now(query):
        change["to"] = instant(query.upper)
    return {"from": instant(lower), **change}


def ends_now(query: Query[Params]) -> bool:
    """Whether the range goes up to now: then it ends with the current minute."""
    return query.upper == ceiling(query.now, MINUTE)


def resets(query: Query[Params]) -> list[Change]:
    """A change for each parameter that the caller gave, beside the range: it resets the parameter
    to its default. What has none has to be given, as has a list whose default is empty."""
    params = query.params
    found: dict[str, Change] = {}
    for name, field in reversed(type(params).model_fields.items()):
        default: Any = field.default
        is_needed = field.is_required() or isinstance(default, list)
        if name in params.model_fields_set - NEVER_RESET and not is_needed:
            found[name] = {field.alias or name: on_the_wire(default)}
    for name in ("compare_from", "compare_to", "compare_filters"):
        if name in found:  # Each of them needs its kind of comparison.
            found["compare"] |= found.pop(name)
    return [*found.values()]


def is_custom(params: Params) -> bool:
    return isinstance(params, Compared) and params.compare is Compare.CUSTOM


def on_the_wire(value: Any) -> str:
    """A value as a query string spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value else ""


def floor(moment: datetime, width: timedelta) -> datetime:
    return moment - (moment - ORIGIN) % width


def ceiling(moment: datetime, width: timedelta) -> datetime:
    """The moment rounded up to a multiple of the width, counted from ORIGIN."""
    return moment + (ORIGIN - moment) % width


def instant(moment: datetime) -> str:
    """A moment of a whole minute as a query string spells it."""
    return f"{moment:%Y-%m-%dT%H:%MZ}"
