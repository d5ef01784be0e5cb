"""Tells receivers that submitted jobs are done or have failed, as Standard Webhooks has it.

Headers: webhook-id, webhook-timestamp, webhook-signature
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
A message is delivered at least once, or not at all after eight tries within some nine hours.
"""

import asyncio
import base64
import hmac
import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from anyio import CapacityLimiter

from api.db.database import Database
from api.db.scheduler import lead_forever, leads
from api.errors import AnalyticsError
from api.events.write.sql import Connection
from api.instants import instant_text
from api.submitted.connections import BoundedTransport
from api.submitted.models import Status
from api.submitted.receivers import Receivers, own_lookups, parse_url
from api.submitted.statements import execute
from settings import Settings

log = logging.getLogger("analytics.webhooks")

# It would log the address of each call, which may have a secret of the receiver in it.
logging.getLogger("httpx").setLevel(logging.WARNING)

WEBHOOK_LOCK = 20261130
"""Advisory lock of the process that calls webhooks."""

MINUTE = timedelta(minutes=1)

PAUSES = [MINUTE * minutes for minutes in (1, 5, 15, 30, 60, 120, 300)]
"""How long to wait after each call but the last, which is the eighth."""

CALL_SECONDS = 10.0

MOST_AT_ONCE = 10

SENDERS = 3
"""How many kinds of senders make up to MOST_AT_ONCE calls at a time: submitted jobs, alert rules,
and the alerts of the installation."""

TICK_SECONDS = 1.0

GONE = 410
"""The status with which a receiver says that it wants no more messages."""


def secret_of(installation: str, user: int, job: UUID) -> str:
    """The secret of a job's webhook. It is derived from that of the installation, and not
    stored."""
    key = hmac.digest(installation.encode(), f"webhook {user} {job}".encode(), "sha256")
    return f"whsec_{base64.b64encode(key).decode()}"


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The signature of a message, as its receiver computes it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def signed_headers(secret: str, message: str, body: bytes) -> Mapping[str, str]:
    """The headers of a message with this id that is sent now."""
    now = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "analytics-webhooks",
        "webhook-id": message,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, message, now, body),
    }


@dataclass(frozen=True, slots=True)
class Call:
    """One message to one receiver."""

    number: int
    user_id: int
    id: UUID
    status: str
    webhook_url: str
    finished_at: datetime


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Calls the webhooks of this installation."""

    settings: Settings
    receivers: Receivers
    context: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    async def call_due(self, connection: Connection) -> int:
        """Sends messages that are due, at most MOST_AT_ONCE and all at the same time. Returns how
        many."""
        cursor = await execute(connection, "claim_calls", {"pauses": PAUSES, "most": MOST_AT_ONCE})
        calls = [Call(**row) for row in await cursor.fetchall()]
        await asyncio.gather(*(self.call(connection, call) for call in calls))
        return len(calls)

    async def call(self, connection: Connection, call: Call) -> None:
        """Sends one message. What goes wrong is logged, without the address, and it is sent again
        when it is due next."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                status = await self.post(call)
        except (httpx.HTTPError, OSError, AnalyticsError) as error:
            log.info("webhook of job %s: %s", call.id, type(error).__name__)
            return
        log.info("webhook of job %s: answered %s", call.id, status)
        delivered = 200 <= status < 300
        if delivered or status == GONE:
            values = {"number": call.number, "delivered": delivered}
            await execute(connection, "end_calls", values)

    async def post(self, call: Call) -> int:
        """The status with which the receiver of a job's message answers (see send)."""
        body = self.body(call)
        return await self.send(call.webhook_url, self.headers(call, body), body)

    async def send(self, receiver: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status with which a receiver answers. The first of its IP addresses that takes a
        connection is asked. Raises Invalid for a receiver that is not allowed (any more), and
        Unavailable."""
        url = parse_url(receiver)
        failure = httpx.ConnectError("no address")
        for address in await self.receivers.addresses(url):
            try:
                return await self.post_to(address, url, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def post_to(
        self, address: str, url: httpx.URL, headers: Mapping[str, str], body: bytes
    ) -> int:
        """Posts to this IP address, with the name of the host in Host, and in TLS, whose
        certificate is checked for it. The body of the response is not read."""
        named = {"sni_hostname": url.raw_host.decode()}
        # A client of its own: a connection that is kept belongs to an IP address, not to a host.
        async with (
            httpx.AsyncClient(
                transport=BoundedTransport(self.context), trust_env=False, timeout=CALL_SECONDS
            ) as client,
            client.stream(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={"Host": url.netloc.decode(), **headers},
                extensions=named,
                follow_redirects=False,
            ) as response,
        ):
            return response.status_code

    def body(self, call: Call) -> bytes:
        result = f"{self.settings.address}/api/jobs/{call.id}/result"
        is_done = call.status == Status.DONE
        message = {
            "type": f"job.{call.status}",
            "timestamp": instant_text(call.finished_at),
            "data": {
                "id": str(call.id),
                "status": call.status,
                "result": result if is_done else None,
            },
        }
        return json.dumps(message).encode()

    def headers(self, call: Call, body: bytes) -> Mapping[str, str]:
        """The headers of a message. Its id is the same each time that it is sent."""
        secret = secret_of(self.settings.secret, call.user_id, call.id)
        return signed_headers(secret, f"job_{call.number}_{call.id}", body)


def webhooks_of(settings: Settings) -> Webhooks:
    """What calls the webhooks of an installation. It waits for no lookup of a request."""
    lookups = own_lookups(CapacityLimiter(SENDERS * MOST_AT_ONCE))
    return Webhooks(settings, Receivers(settings.webhook_receivers, lookups))


async def call_forever(database: Database, webhooks: Webhooks) -> None:
    """Calls webhooks when they are due, in one process of all. Survives all errors."""

    async def work(connection: Connection) -> None:
        while not connection.broken:
            if not await webhooks.call_due(connection):
                await asyncio.sleep(TICK_SECONDS)

    await lead_forever(database, WEBHOOK_LOCK, work)


async def call_once(database: Database, webhooks: Webhooks) -> None:
    """Calls the webhooks that are due, unless another process does."""
    async with await database.connect() as connection:
        if await leads(connection, WEBHOOK_LOCK):
            while await webhooks.call_due(connection):
                pass
