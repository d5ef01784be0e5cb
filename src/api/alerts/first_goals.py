"""Notifies the editors of a site when one of its goals is reached for the first time since it was
saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from api.alerts.statements import execute
from api.events.write.sql import Connection
from api.notifications.models import Kind, Notice
from api.notifications.store import notify


async def notice_first_goals(connection: Connection, now: datetime) -> int:
    """Looks at the goals that were not reached yet. Returns how many were reached."""
    goals = await (await execute(connection, "reached_goals", {"now": now})).fetchall()
    waiting = [goal["id"] for goal in goals if goal["time"] is None]
    await execute(connection, "note_checked", {"goals": waiting, "now": now})
    reached = [goal for goal in goals if goal["time"] is not None]
    return sum([await tell_of(connection, goal, now) for goal in reached])


async def tell_of(connection: Connection, goal: Mapping[str, Any], now: datetime) -> int:
    """Tells the editors of a goal that was reached, in the transaction that notes it. Returns 0
    where another process was faster, else 1."""
    noted = {"goal": goal["id"], "time": goal["time"], "now": now}
    notice = Notice(
        Kind.GOAL_REACHED,
        goal["site_id"],
        {"goal": goal["name"]},
        f"/goals?{urlencode({'site': goal['site']})}",
        f"goal {goal['id']}",
    )
    async with connection.transaction():
        if await (await execute(connection, "note_reached", noted)).fetchone() is None:
            return 0
        asked = {"site": goal["site_id"], "also": None}
        users = await (await execute(connection, "editors", asked)).fetchall()
        await notify(connection, notice, [user["user_id"] for user in users])
    return 1
