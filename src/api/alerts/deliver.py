"""Sends the messages about occurrences of alert rules: by webhook, signed as those of jobs are (see
submitted/webhooks.py), and by e-mail.

A message is sent until it is taken, eight times at most within some nine hours, with the same
webhook-id or Message-ID each time: a receiver may get it twice, when a process ends between sending
and noting it.
"""

import asyncio
import base64
import hmac
import json
import logging
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from api.alerts.conditions import CONDITIONS
from api.alerts.evaluate import page_of
from api.alerts.models import RuleKind
from api.alerts.statements import execute
from api.errors import AnalyticsError
from api.events.write.sql import Connection
from api.instants import instant_text
from api.mail import send_mail
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

TEXT = """\
{site_name}: {what}

From {start} to {end} ({timezone}), when it was found.
The rule is “{name}”.

{link}

You get this because an editor of {site_name} chose your account. The rules of the site:
{settings}
"""


def rule_secret(installation: str, rule: int) -> str:
    """The secret with which the messages of a rule are signed, derived from that of the
    installation."""
    key = hmac.digest(installation.encode(), f"alert rule {rule}".encode(), "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


Message = Mapping[str, Any]
"""A row of claim_deliveries.sql."""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Sends the messages of this installation."""

    settings: Settings
    webhooks: Webhooks

    async def send_due(self, connection: Connection) -> int:
        """Sends the messages that are due, some at the same time. Returns how many."""
        asked = {"pauses": PAUSES, "most": MOST_AT_ONCE}
        messages = await (await execute(connection, "claim_deliveries", asked)).fetchall()
        await asyncio.gather(*(self.send(connection, message) for message in messages))
        return len(messages)

    async def send(self, connection: Connection, message: Message) -> None:
        """Sends a message. What goes wrong is logged, without the address, and it is sent again
        when it is due next. An e-mail that cannot be sent, because the account may not read the
        site any more or there is no mail server, ends."""
        is_mail = message["account"] is not None
        if is_mail and not (message["email"] and self.settings.smtp_host):
            await end(connection, message, delivered=False)
            return
        try:
            is_taken = await (self.mail if is_mail else self.call)(message)
        except (httpx.HTTPError, OSError, smtplib.SMTPException, AnalyticsError) as error:
            log.warning("message %s about an alert: %s", message["id"], type(error).__name__)
            return
        if is_taken is not None:
            await end(connection, message, delivered=is_taken)

    async def call(self, message: Message) -> bool | None:
        """Calls the webhook of the rule: whether the message was taken; None to try again."""
        body = json.dumps(body_of(message, self.settings.address)).encode()
        secret = rule_secret(self.settings.secret, message["rule"])
        headers = signed_headers(secret, f"occurrence_{message['occurrence']}", body)
        async with asyncio.timeout(CALL_SECONDS):
            status = await self.webhooks.send(message["webhook_url"], headers, body)
        log.info("message %s about an alert: answered %s", message["id"], status)
        return True if 200 <= status < 300 else False if status == GONE else None

    async def mail(self, message: Message) -> bool:
        """Sends an e-mail to the account."""
        subject = f"{message['name']} ({message['site_name']})"
        text = text_of(message, self.settings.address)
        own_id = f"alert-{message['id']}"
        await send_mail(self.settings, message["email"], subject, text, own_id=own_id)
        return True


async def end(connection: Connection, message: Message, delivered: bool) -> None:
    values = {"delivery": message["id"], "delivered": delivered}
    await execute(connection, "end_delivery", values)


def body_of(message: Message, address: str) -> Mapping[str, Any]:
    """The body of the webhook for an occurrence."""
    rule = {name: message[name] for name in ("name", "kind", "threshold", "per", "goal")}
    return {
        "type": "alert.fired",
        "timestamp": instant_text(message["fired_at"]),
        "data": {
            "id": message["occurrence"],
            "rule": {"id": message["rule"], **rule, "currency": message["currency"]},
            "site": message["site"],
            "starts_at": instant_text(message["starts_at"]),
            "ends_at": instant_text(message["ends_at"]),
            "value": message["value"],
            "expected": message["expected"],
            "page": address + page_of(message["site"]),
        },
    }


def text_of(message: Message, address: str) -> str:
    """The text of the e-mail for an occurrence."""
    zone = ZoneInfo(message["timezone"])
    start, end = (
        f"{message[name].astimezone(zone):%Y-%m-%d %H:%M}" for name in ("starts_at", "ends_at")
    )
    return TEXT.format(
        what=words_of(message),
        start=start,
        end=end,
        link=address + page_of(message["site"]),
        settings=f"{address}/settings?site={message['site']}&section=alerts",
        **{name: one_line(message[name]) for name in ("site_name", "name", "timezone")},
    )


def one_line(text: str) -> str:
    return " ".join(text.split())


def words_of(message: Message) -> str:
    """What is told of an occurrence: “120 visits, where 40 are usual”."""
    numbers = {name: number_text(message[name]) for name in ("value", "expected")}
    words = CONDITIONS[RuleKind(message["kind"])].words
    goal = one_line(message["goal"] or "")
    return words.format(**numbers, goal=goal, currency=message["currency"])


def number_text(number: float | None) -> str:
    """A number with two decimals if it is no whole one."""
    return "" if number is None else f"{number:.2f}".removesuffix(".00")
