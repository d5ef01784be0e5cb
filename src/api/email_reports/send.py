"""Makes the reports that are due, each once, and sends them.

A report is tried eight times at most within some nine hours, with the same Message-ID each time: it
may arrive twice, when a process ends between sending and noting it.
"""

import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.analytics.time.buckets import DAY, midnight
from api.db.database import Database
from api.email_reports.content import content_of
from api.email_reports.models import EmailReport, Every
from api.email_reports.periods import Period, last_period
from api.email_reports.statements import execute
from api.email_reports.store import token_of
from api.errors import AnalyticsError
from api.events.write.sql import Connection
from api.mail import send_mail
from api.sites.directory import Sites
from api.submitted.webhooks import PAUSES
from settings import Settings

log = logging.getLogger("analytics.email_reports")

MOST_AT_ONCE = 20


async def add_due(connection: Connection, now: datetime) -> int:
    """Adds the reports about periods that are over. A subscription begins with the first period
    that ends after it was made. Returns how many are new."""
    new = 0
    for found in await (await execute(connection, "active", {})).fetchall():
        zone = ZoneInfo(found["timezone"])
        period = last_period(Every(found["every"]), now, zone)
        if midnight(period.last + DAY, zone) <= found["created_at"]:
            continue
        values = {"report": found["id"], "first": period.first, "last": period.last}
        new += (await execute(connection, "add_message", values)).rowcount
    return new


@dataclass(frozen=True, slots=True)
class Reports:
    """Sends the reports of this installation."""

    database: Database
    settings: Settings

    async def send_due(self, connection: Connection) -> int:
        """Sends the reports that are due. Returns how many were tried."""
        asked = {"pauses": PAUSES, "most": MOST_AT_ONCE}
        messages = await (await execute(connection, "claim_messages", asked)).fetchall()
        for message in messages:
            await self.send(connection, message)
        return len(messages)

    async def send(self, connection: Connection, message: Mapping[str, Any]) -> None:
        """Sends a report. What goes wrong is logged, without the address, and it is tried again
        when it is due next."""
        try:
            if message["is_wanted"]:
                await self.mail(message)
        except (OSError, smtplib.SMTPException, AnalyticsError) as error:
            log.warning("report %s was not sent: %s", message["id"], type(error).__name__)
            return
        values = {"message": message["id"], "delivered": message["is_wanted"]}
        await execute(connection, "end_message", values)

    async def mail(self, message: Mapping[str, Any]) -> None:
        site = await Sites(self.database).by_id(message["site_id"])
        period = Period(message["first_day"], message["last_day"])
        unsubscribe = self.unsubscribe_address(message)
        content = await content_of(
            self.database,
            site,
            Every(message["every"]),
            period,
            self.settings.address,
            unsubscribe,
        )
        await send_mail(
            self.settings,
            message["address"],
            content.subject,
            content.text,
            html=content.html,
            own_id=f"report-{message['id']}",
            headers={
                "List-Unsubscribe": f"<{unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )

    def unsubscribe_address(self, message: Mapping[str, Any]) -> str:
        """The address at which whoever gets a report ends it (RFC 8058)."""
        number, address = message["report_id"], message["address"]
        report = EmailReport(id=number, site_id=0, address=address, every=message["every"])
        token = token_of(self.settings.secret, report)
        return f"{self.settings.address}/unsubscribe/{number}/{token}"
