"""Looks whether the conditions of alert rules are met, and records each occurrence once.

A rule that is met by what is large is looked at during a window and for an hour after it, so that
events that come late count; one that is met by what is small, or is an anomaly, is looked at once
the window is over.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from api.alerts.conditions import CONDITIONS, Asked, Found, look
from api.alerts.models import AlertOccurrence, AlertRule, RuleKind
from api.alerts.statements import execute
from api.alerts.windows import Window, windows_at
from api.analytics.time.buckets import Interval
from api.db.database import Database
from api.errors import AnalyticsError
from api.events.write.sql import Connection
from api.notifications.models import Kind, Notice
from api.notifications.store import notify
from api.sites.models import Site

log = logging.getLogger("analytics.alerts")

SETTLE = timedelta(minutes=5)
"""How long after a window its events may still come, before too few of them are an occurrence."""

LATE = timedelta(hours=1)
"""How long after a window too many events in it are an occurrence of that window."""

LONGEST_WINDOWS = timedelta(days=4)
"""Occurrences that are older are in none of the windows that are looked at."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A rule that is active, its site, and the starts of the windows of its latest occurrences."""

    rule: AlertRule
    site: Site
    fired: frozenset[datetime]

    def due(self, now: datetime) -> Iterable[Window]:
        """The windows to look at. Those from before the rule was as it is now are left out."""
        before, current = windows_at(now, Interval(self.rule.per), ZoneInfo(self.site.timezone))
        since = self.rule.active_since
        if CONDITIONS[RuleKind(self.rule.kind)].is_rising:
            found = [current, *([before] if now < before.end + LATE else [])]
            wanted = [window for window in found if window.end > since]
        else:
            wanted = [before] if now >= before.end + SETTLE and before.start >= since else []
        return [window for window in wanted if window.start not in self.fired]


async def evaluate_rules(connection: Connection, database: Database, now: datetime) -> int:
    """Looks at all rules, and records what meets their conditions. Returns how many occurrences are
    new. A rule that cannot be answered is logged and left for the next round."""
    new = 0
    for watched in await watched_rules(database, now):
        for window in watched.due(now):
            try:
                found = await look(Asked(database, watched.site, watched.rule, window))
            except AnalyticsError as error:
                log.warning("rule %s was not looked at: %s", watched.rule.id, error.code)
                continue
            if found.is_met:
                new += await record(connection, watched, window, found)
    return new


async def watched_rules(database: Database, now: datetime) -> list[Watched]:
    active = (
        select(AlertRule, Site)
        .join(Site, col(Site.id) == AlertRule.site_id)
        .where(col(AlertRule.is_active), col(Site.deleted_at).is_(None))
        .order_by(col(AlertRule.id))
    )
    recent = select(AlertOccurrence.rule_id, AlertOccurrence.starts_at).where(
        AlertOccurrence.starts_at > now - LONGEST_WINDOWS
    )
    async with database.session() as session:
        rules = (await session.execute(active)).all()
        fired: dict[int, set[datetime]] = {}
        for number, start in (await session.execute(recent)).all():
            fired.setdefault(number, set()).add(start)
    return [Watched(rule, site, frozenset(fired.get(rule.number, ()))) for rule, site in rules]


async def record(connection: Connection, watched: Watched, window: Window, found: Found) -> int:
    """Records an occurrence with all that tells of it, in one transaction. Returns 0 where another
    process was faster, else 1."""
    rule = watched.rule
    values = {
        "rule": rule.id,
        "start": window.start,
        "end": window.end,
        "value": found.value,
        "expected": found.expected,
    }
    async with connection.transaction():
        added = await (await execute(connection, "add_occurrence", values)).fetchone()
        if added is None:
            return 0
        await execute(connection, "add_deliveries", {"occurrence": added["id"]})
        if rule.tells_editors:
            await tell_editors(connection, watched, found, added["id"])
    log.info("rule %s: its condition is met", rule.id)
    return 1


async def tell_editors(
    connection: Connection, watched: Watched, found: Found, occurrence: int
) -> None:
    """Notifies the editors of the site, and the superuser who made the rule."""
    rule, site = watched.rule, watched.site
    asked = {"site": site.number, "also": rule.created_by}
    users = await (await execute(connection, "editors", asked)).fetchall()
    data = {
        "name": rule.name,
        "kind": rule.kind,
        "value": found.value,
        "expected": found.expected,
    }
    notice = Notice(
        Kind.ALERT_FIRED, site.number, data, page_of(site.key), f"alert occurrence {occurrence}"
    )
    await notify(connection, notice, [user["user_id"] for user in users])


def page_of(site: str) -> str:
    """The path of the page that shows a site today."""
    return f"/?{urlencode({'site': site, 'period': 'today'})}"
