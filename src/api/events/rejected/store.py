"""Stores rejected events for a while, so that they can be replayed once the mistake is mended.

They contain no more personal data than a stored event: no address, no query, no user id on a site
that does not identify its users. The visitor's keyed hash is stored with them, so that a replayed
event joins the right visit.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from api.db.database import Database
from api.errors import AnalyticsError
from api.events.enrich.event import event_id
from api.events.enrich.identity import Sender, cookieless_identity
from api.events.enrich.redaction import clean_url, redact_all, referrer_of
from api.events.models import Amount, EventIn
from api.events.receive.parse import MAX_EVENT_BYTES, depth
from api.events.write.group_commit import WriteQueue
from api.events.write.sql import Connection, SqlFolder, as_json
from api.sites.models import Site
from api.text import spell_out_unstorable
from settings import Settings

execute = SqlFolder(Path(__file__).parent / "sql").execute

STORE_LOCK = 20261127
"""Advisory lock of storing rejected events; it belongs to a transaction."""

MAX_WAITING = 5_000
"""How many rejected events wait to be stored. Each may be as large as an event."""

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of rejected events that are stored of one site, beside the limit on their number."""

MAX_CUT = 2_000
"""Bytes that are stored of an event that is too large, and so cannot be replayed."""

MAX_DEPTH = 50

IDENTITIES = ("user_id", "visitor_id")

HIDDEN = ("ip", "ip_address", "authorization", "token", "api_key", "password")
"""Fields of other trackers that are never stored."""

KNOWN = frozenset((*EventIn.__struct_encode_fields__, *Amount.__struct_encode_fields__))
"""The fields of events. Of all others only the names are stored: the value may be anything, such as
a password."""

SHOWN = "|".join(sorted(KNOWN - {*IDENTITIES, *HIDDEN}))

STRING = r'"(?:[^"\\]|\\.)*+"?'

PARTS = re.compile(
    rf'(?P<shown>"(?:{SHOWN})"\s*:\s*(?:{STRING}|[^",}}\]\s]+))'
    rf'|(?P<name>{STRING}\s*:)\s*(?P<value>[^"\[{{,}}\]\s]+)?'
    rf"|{STRING}"
)
"""Matches the parts of text that is not JSON: a field of events with its value, the name of any
other field with a value that is no text, and any other text."""


def shown_part(part: re.Match[str]) -> str:
    """What is stored of a part: values of events' own fields, and names."""
    if part["shown"]:
        return part["shown"]
    if part["name"]:
        return part["name"] + ("null" if part["value"] else "")
    return "null"


class RejectedEvent(Struct, kw_only=True):
    """A rejected event, and the reason."""

    site_id: int
    received_at: datetime
    code: str
    detail: str
    visitor_id: int
    user_id: str | None
    user_agent: str
    payload: str


def rejected_event(raw: Raw, error: AnalyticsError, site: Site, sender: Sender) -> RejectedEvent:
    fields = with_stored_id(readable(bytes(raw)), trusted=sender.trusted)
    identified = sender.trusted or site.identified
    agent_text = str(fields.get("user_agent") or sender.user_agent)[:512]
    user_id = fields.get("user_id") if identified else None
    return RejectedEvent(
        site_id=site.number,
        received_at=sender.now,
        code=error.code,
        detail=spell_out_unstorable(redact_all(error.detail))[:500],
        visitor_id=cookieless_identity(site, sender, sender.now, agent_text).today,
        user_id=None if user_id is None else spell_out_unstorable(str(user_id))[:200],
        user_agent=spell_out_unstorable(redact_all(agent_text)),
        payload=payload_of(bytes(raw), fields, identified),
    )


def readable(raw: bytes) -> dict[str, Any]:
    """The fields of an event; empty if it is not a JSON object, or nested too deeply."""
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return cast(dict[str, Any], fields) if is_shallow_object(fields) else {}


def with_stored_id(fields: Mapping[str, Any], *, trusted: bool) -> dict[str, Any]:
    """The fields with the UUID under which the event would be stored as its id: the sender's own id
    may be personal data."""
    given = fields.get("id")
    if not isinstance(given, str | int):
        return {**fields}
    return {**fields, "id": str(event_id(given, trusted=trusted))}


def is_shallow_object(fields: object) -> bool:
    return isinstance(fields, dict) and depth(fields) < MAX_DEPTH


def payload_of(raw: bytes, fields: Mapping[str, Any], identified: bool) -> str:
    """The event as it is stored: JSON if it was JSON, else text. Personal data is removed."""
    if len(raw) > MAX_EVENT_BYTES:
        return cleaned_text(raw[:MAX_CUT])
    if not fields:
        return cleaned_text(raw)
    left_out = HIDDEN if identified else (*HIDDEN, *IDENTITIES)
    left = {
        key: value if key in KNOWN else None
        for key, value in fields.items()
        if key.lower() not in left_out
    }
    return spell_out_unstorable(msgspec.json.encode(cleaned_fields(left)).decode())


def cleaned_text(raw: bytes) -> str:
    """Bytes that are not an event as text without personal data, escaped if they are not UTF-8."""
    text = raw.decode("utf-8", "backslashreplace")
    return spell_out_unstorable(redact_all(PARTS.sub(shown_part, text)))


def cleaned_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {redact_all(key): CLEANERS.get(key, cleaned)(value) for key, value in fields.items()}


def cleaned(value: Any) -> Any:
    """A value without addresses, e-mail addresses and secrets in any text in it."""
    match value:
        case str():
            return redact_all(value)
        case dict():
            return {redact_all(str(key)): cleaned(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case list():
            return [cleaned(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return value


def cleaned_time(value: Any) -> Any:
    """A time, unchanged. Any other value may be personal data, and is cleaned."""
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return cleaned(value)
    return value


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "id": lambda value: value if isinstance(value, str) else cleaned(value),
    "page": lambda value: clean_url(value) if isinstance(value, str) else cleaned(value),
    "referrer": lambda value: referrer_of(value) if isinstance(value, str) else cleaned(value),
    "time": cleaned_time,
    "sent_at": cleaned_time,
    **dict.fromkeys(("session_id", *IDENTITIES), lambda value: value),
}
"""The rules of fields that have one of their own."""


def rejected_queue(database: Database, settings: Settings) -> WriteQueue[RejectedEvent, None]:
    """The queue of rejected events. It has one writer: a lock in the database serialises them."""
    return WriteQueue(
        lambda batch: store_rejected(database, batch.close(), settings.rejected_rows),
        writers=1,
        answer_seconds=database.answer_seconds,
        max_waiting=MAX_WAITING,
    )


async def store_rejected(
    database: Database, rejected: Sequence[RejectedEvent], max_rows: int
) -> list[None]:
    """Stores the newest rejected events of each site, and deletes older ones beyond the limits."""
    newest = newest_of_each_site(rejected, max_rows)
    limits = {"rows": max_rows, "bytes": MAX_BYTES}
    async with database.writer() as connection, connection.transaction():
        rows = as_json([msgspec.structs.asdict(event) for event in newest])
        await execute(connection, "store", {"rejected": rows, "lock": STORE_LOCK})
        sites = list({event.site_id for event in newest})
        await execute(connection, "trim", {"sites": sites, **limits})
    return [None] * len(rejected)


def newest_of_each_site(rejected: Sequence[RejectedEvent], max_rows: int) -> list[RejectedEvent]:
    """The newest `max_rows` events of each site: others would be deleted at once."""
    of_site: dict[int, list[RejectedEvent]] = defaultdict(list)
    for event in rejected:
        of_site[event.site_id].append(event)
    return [event for events in of_site.values() for event in events[-max_rows:]]


async def delete_old_rejected(connection: Connection, before: datetime) -> None:
    """Deletes events that were rejected before a time."""
    await execute(connection, "delete_old", {"before": before})
