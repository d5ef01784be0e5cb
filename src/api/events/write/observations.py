"""How observations become rows: web vitals and JavaScript errors, each in a table of its own."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from api.events.models import JS_ERROR, WEB_VITAL, Event
from api.events.write.sql import Connection, as_json, execute

STATEMENTS = {WEB_VITAL: "store_vitals", JS_ERROR: "store_js_errors"}
"""The .sql file that stores the observations of each name."""

COLUMNS = ("time", "id", "site_id", "page", "hostname")
CONTEXT = ("country", "device", "browser")

values_of = attrgetter(*COLUMNS, *(f"context.{column}" for column in CONTEXT))

Observed = tuple[Event, int]
"""An observation, and the id of its visitor."""


async def store_observations(connection: Connection, observed: Sequence[Observed]) -> None:
    """Adds observations, by a statement for each kind that there is."""
    for name, file in STATEMENTS.items():
        rows = [row_of(event, visitor) for event, visitor in observed if event.name == name]
        if rows:
            await execute(connection, file, {"rows": as_json(rows)})


def row_of(event: Event, visitor: int) -> Mapping[str, Any]:
    """The columns of its table: what its props tell, and what every event has."""
    row = dict(zip((*COLUMNS, *CONTEXT), values_of(event), strict=True))
    return {**row, **(event.props or {}), "visitor_id": visitor}
