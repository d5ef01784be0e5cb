"""One visit from its first event to its last."""

from typing import Any
from uuid import UUID

from api.analytics.query import Query
from api.analytics.report import sql_file
from api.db.database import Database
from api.db.sql_files import Fragment
from api.errors import NotFound


async def timeline(database: Database, query: Query, visit: UUID) -> dict[str, Any]:
    """The visit and its events in order. Raises NotFound when no such visit is in the range."""
    values = {**query.sql_values, "visit": visit}
    only = {"visit_filter": Fragment("v.id = :visit")}
    found = await database.rows(sql_file("sessions"), {**values, "limit": 1, "offset": 0}, only)
    if not found:
        raise NotFound("There is no such visit in this range.")
    return {"visit": found[0], "events": await database.rows(sql_file("session_events"), values)}
