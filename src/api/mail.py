"""Sends e-mail through the SMTP server of the settings, in a thread."""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from settings import Settings

SMTP_SECONDS = 10.0
"""How long the server may take for each answer."""

UNFOLDED = SMTP.clone(max_line_length=900, cte_type="7bit")
"""Headers stay whole lines: an address that is folded is written as encoded words, which mail
servers do not read in headers such as List-Unsubscribe."""

SENDING = CapacityLimiter(2)
"""How many messages are sent at a time."""


async def send_mail(
    settings: Settings,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    own_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Sends a message of plain text and, where it is given, the same in HTML. Does nothing where no
    server is set. `own_id` names the message: mail servers recognise one that is sent again. Raises
    SMTPException and OSError."""
    if not settings.smtp_host:
        return
    message = EmailMessage(policy=UNFOLDED)
    message["From"], message["To"] = settings.smtp_from, to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate()
    if own_id:
        message["Message-ID"] = f"<{own_id}@{host_of(settings.smtp_from)}>"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    await run_sync(deliver, settings, message, limiter=SENDING)


def host_of(sender: str) -> str:
    """The host in the address of the sender."""
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"


def deliver(settings: Settings, message: EmailMessage) -> None:
    with connected(settings) as server:
        if settings.smtp_tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)


def connected(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host, settings.smtp_port
    if settings.smtp_tls == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=SMTP_SECONDS, context=context)
    return smtplib.SMTP(host, port, timeout=SMTP_SECONDS)
