"""A mail server that keeps what it receives, and settings of an installation that uses it."""

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from fastapi import FastAPI

from api.auth.application import settings_part
from processes import free_port
from settings import Settings


class Kept(Message):
    """Keeps messages as they are received."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []

    def handle_message(self, message: Any) -> None:
        """Called by the server for each."""
        self.received.append(message)


@contextmanager
def mail_server() -> Iterator[tuple[int, list[Any]]]:
    """A server for e-mail; its port, and what it received."""
    kept = Kept()
    server = Controller(kept, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        yield server.port, kept.received
    finally:
        server.stop()


@contextmanager
def mailing(app: FastAPI, settings: Settings) -> Iterator[tuple[Settings, list[Any]]]:
    """Has the application send its e-mail to a server; the settings, and what was received."""
    with mail_server() as (port, received):
        own = settings.model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": port,
                "smtp_from": "Stats <stats@shop.example>",
                "smtp_tls": "off",
            }
        )
        app.dependency_overrides[settings_part] = lambda: own
        try:
            yield own, received
        finally:
            app.dependency_overrides.pop(settings_part)


def parsed(received: Any) -> EmailMessage:
    """A message as a mail client reads it."""
    found = email.message_from_bytes(received.as_bytes(), policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(received: Any, kind: str = "plain") -> str:
    """The text or the HTML of a message."""
    body = parsed(received).get_body((kind,))
    assert body is not None
    return body.get_content()
