"""Calls ALERT_WEBHOOK for entries of the audit log that look like an attack, signed as webhooks of
jobs are (see submitted/webhooks.py).

An entry becomes a row of `alert`, once. The row is sent until the receiver takes it, eight times at
most within some nine hours, with the same webhook-id each time.
"""

import asyncio
import base64
import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.auth.trail import Action
from api.db.database import Database
from api.db.scheduler import lead_forever, leads
from api.errors import AnalyticsError
from api.events.write.sql import Connection, SqlFolder
from api.instants import instant_text
from api.submitted.webhooks import (
    CALL_SECONDS,
    GONE,
    MOST_AT_ONCE,
    PAUSES,
    Webhooks,
    signed_headers,
)
from settings import Settings

log = logging.getLogger("analytics.alerts")

execute = SqlFolder(Path(__file__).parent / "sql").execute

ALERT_LOCK = 20261151
"""Advisory lock of the process that sends alerts."""

TICK_SECONDS = 5.0

ALARMING = sorted(
    (
        Action.LOGIN_BLOCKED,
        Action.LOGGED_IN_FROM_NEW_NETWORK,
        Action.TOKEN_REUSED,
        Action.KEY_FROM_NEW_NETWORK,
    )
)
"""The actions that are told; collect_alerts.sql says which of them are one occurrence."""


def alert_secret(installation: str) -> str:
    """The secret with which alerts are signed, derived from that of the installation."""
    key = hmac.digest(installation.encode(), b"alerts", "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


@dataclass(frozen=True, slots=True)
class Alerts:
    """Sends the alerts of an installation."""

    settings: Settings
    webhooks: Webhooks

    async def send_due(self, connection: Connection) -> int:
        """Makes alerts of new entries, and sends those that are due. Returns how many."""
        await execute(connection, "collect_alerts", {"actions": ALARMING})
        cursor = await execute(connection, "claim_alerts", {"pauses": PAUSES, "most": MOST_AT_ONCE})
        entries = await cursor.fetchall()
        await asyncio.gather(*(self.send(connection, entry) for entry in entries))
        return len(entries)

    async def send(self, connection: Connection, entry: Mapping[str, Any]) -> None:
        """Sends one alert. What goes wrong is logged, without the address, and it is sent again
        when it is due next."""
        body = body_of(entry)
        secret = alert_secret(self.settings.secret)
        headers = signed_headers(secret, f"alert_{entry['id']}", body)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                status = await self.webhooks.send(self.settings.alert_webhook, headers, body)
        except (httpx.HTTPError, OSError, AnalyticsError) as error:
            log.warning("alert %s: %s", entry["id"], type(error).__name__)
            return
        log.info("alert %s: answered %s", entry["id"], status)
        delivered = 200 <= status < 300
        if delivered or status == GONE:
            values = {"entry": entry["id"], "delivered": delivered}
            await execute(connection, "end_alert", values)


def body_of(entry: Mapping[str, Any]) -> bytes:
    """The body of the webhook for an entry of the audit log. `data` is the entry, with the fields
    that GET /api/audit gives it."""
    at = instant_text(entry["at"])
    message = {
        "type": f"security.{entry['action']}",
        "timestamp": at,
        "data": {**entry, "at": at},
    }
    return json.dumps(message).encode()


async def alert_forever(database: Database, alerts: Alerts) -> None:
    """Sends alerts, in one process of all. Survives all errors."""

    async def work(connection: Connection) -> None:
        while not connection.broken:
            await alerts.send_due(connection)
            await asyncio.sleep(TICK_SECONDS)

    await lead_forever(database, ALERT_LOCK, work)


async def alert_once(database: Database, alerts: Alerts) -> None:
    """Sends the alerts that are due, unless another process does."""
    async with await database.connect() as connection:
        if await leads(connection, ALERT_LOCK):
            while await alerts.send_due(connection):
                pass
