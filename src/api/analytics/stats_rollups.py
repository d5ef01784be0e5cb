"""Which rollups answer a question of the Stats API: every part of it, or none."""

from collections.abc import Mapping, Sequence
from typing import LiteralString

from api.analytics.dimensions import Dimension
from api.analytics.groups import Groups
from api.analytics.metrics import METRICS, measures_of
from api.analytics.order import NOTHING
from api.analytics.planner import Need, plan
from api.analytics.query import Query
from api.analytics.report import SETS
from api.analytics.rollups import EVENTS, VISITS
from api.analytics.run import all_needs
from api.db.queries import Fragment
from api.db.rollup import Rollup

NEWCOMERS = ("new_visitors", "returning_visitors")


def rollups_for(
    metrics: Sequence[str], dimensions: Sequence[Dimension | None], query: Query
) -> Mapping[str, Rollup]:
    """The rollup for each part that these metrics need; none at all where a part has none."""
    columns = columns_of(dimensions)
    planned = {
        slot: plan(Need(need.fact, need.measures, (*need.dimensions, *columns), need.people), query)
        for slot, need in all_needs(needs_of(metrics), query)
    }
    found = {slot: source for slot, source in planned.items() if isinstance(source, Rollup)}
    return found if len(found) == len(planned) else {}


def columns_of(dimensions: Sequence[Dimension | None]) -> tuple[LiteralString, ...]:
    """The columns of rollups that hold these dimensions; time is in all of them."""
    return tuple(dimension.column for dimension in dimensions if dimension)


def needs_of(metrics: Sequence[str]) -> Mapping[str, Need]:
    """What the parts of query_rollups.sql read. Visits make the groups, whatever is counted."""
    needs = {"visits": Need(VISITS, ("visits", *measures_of(metrics, "visits")))}
    if events := measures_of(metrics, "events"):
        needs["events"] = Need(EVENTS, events)
    if any(METRICS[metric].people for metric in metrics):
        needs["people"] = SETS["sets"]
    if any(metric in NEWCOMERS for metric in metrics):
        needs["newcomers"] = SETS["new_sets"]
    return needs


def rollup_slots(rollups: Mapping[str, Rollup], groups: Groups) -> dict[str, Fragment]:
    """What fills the slots of query_rollups.sql; parts that are not needed read nothing."""
    unread = {f"of_{part}": NOTHING for part in ("events", "people", "newcomers")}
    return {
        **{slot: fragment for slot, fragment in unread.items() if slot[3:] not in rollups},
        **{slot: Fragment(rollup.name) for slot, rollup in rollups.items()},
        **groups.of_buckets(),
    }
