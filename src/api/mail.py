"""Sends e-mail through the SMTP server of the settings, in a thread."""

import smtplib
import ssl
from email.message import EmailMessage

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from settings import Settings

SMTP_SECONDS = 10.0
"""How long the server may take for each answer."""

SENDING = CapacityLimiter(2)
"""How many messages are sent at a time."""


async def send_mail(settings: Settings, to: str, subject: str, text: str) -> None:
    """Sends a message of plain text. Does nothing where no server is set. Raises SMTPException and
    OSError."""
    if not settings.smtp_host:
        return
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.smtp_from, to, subject
    message.set_content(text)
    await run_sync(deliver, settings, message, limiter=SENDING)


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
