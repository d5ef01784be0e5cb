"""Rejected events are kept for a while, so that a sender's mistake costs nobody their numbers.

What is kept is what a stored event would say of a person and no more: no address, no query, no
identity on a site that does not identify its users. The visitor's keyed hash stays with it, so
that a replayed event joins the right visit.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from api.db.database import Database
from api.errors import AnalyticsError
from api.events.enrich.event import Sender, cookieless_identity, event_id
from api.events.enrich.hygiene import clean_url, redact_all, referrer_of
from api.events.parse import MAX_EVENT_BYTES, depth
from api.events.statements import Connection, as_json, execute
from api.sites.models import Site

KEEPERS_LOCK = 20261127
"""Advisory lock of those who keep rejected events; transaction-level."""

MOST_BYTES = 4 * 1024 * 1024
"""How much is kept of one site, whatever the number of its rejected events."""

LONGEST_CUT = 2_000
"""How much is kept of an event that is too large to be stored in any case."""

READABLE_DEPTH = 50

IDENTITIES = ("user_id", "visitor_id")

HIDDEN = ("ip", "ip_address", "authorization", "token", "api_key", "password")
"""Fields that other trackers have and this one does not know: never kept."""

HIDDEN_FIELD = re.compile(
    rf'("(?:{"|".join((*IDENTITIES, *HIDDEN))})")\s*:\s*(?:"(?:[^"\\]|\\.)*+"?|[^",}}\]\s]+)', re.I
)
"""Such a field in what cannot be decoded."""


class RejectedEvent(Struct, kw_only=True):
    """An event that was not stored, and why."""

    site_id: int
    received_at: datetime
    code: str
    detail: str
    visitor_id: int
    user_id: str | None
    user_agent: str
    payload: str


def rejected_event(raw: Raw, error: AnalyticsError, site: Site, sender: Sender) -> RejectedEvent:
    """What is kept of an event that was refused."""
    fields = readable(bytes(raw))
    identified = sender.trusted or site.identified
    agent_text = str(fields.get("user_agent") or sender.user_agent)[:512]
    user_id = fields.get("user_id") if identified else None
    return RejectedEvent(
        site_id=site.number,
        received_at=sender.now,
        code=error.code,
        detail=storable(redact_all(error.detail))[:500],
        visitor_id=cookieless_identity(site, sender, sender.now, agent_text)[0],
        user_id=None if user_id is None else storable(str(user_id))[:200],
        user_agent=storable(redact_all(agent_text)),
        payload=payload_of(bytes(raw), fields, identified),
    )


def readable(raw: bytes) -> dict[str, Any]:
    """The fields of an event, empty where it is no JSON object of a sane shape."""
    try:
        fields = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return cast(dict[str, Any], fields) if is_sane(fields) else {}


def is_sane(fields: object) -> bool:
    """Whether this is an object that can be walked through."""
    return isinstance(fields, dict) and depth(fields) < READABLE_DEPTH


def payload_of(raw: bytes, fields: Mapping[str, Any], identified: bool) -> str:
    """The event as it is kept: JSON where it was JSON, else its text."""
    if len(raw) > MAX_EVENT_BYTES:
        return cleaned_text(raw[:LONGEST_CUT])
    if not fields:
        return cleaned_text(raw)
    left_out = HIDDEN if identified else (*HIDDEN, *IDENTITIES)
    kept = {key: value for key, value in fields.items() if key.lower() not in left_out}
    return storable(msgspec.json.encode(cleaned_fields(kept)).decode())


def cleaned_text(raw: bytes) -> str:
    """Bytes that are no event as text; those that are no text are spelled out."""
    text = raw.decode("utf-8", "backslashreplace")
    return storable(redact_all(HIDDEN_FIELD.sub(r"\1:null", text)))


def storable(text: str) -> str:
    """Text that PostgreSQL can hold: what it cannot is spelled out, not lost."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return whole.replace("\0", "\\u0000")


def cleaned_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event, each by its own rule."""
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


def as_it_is(value: Any) -> Any:
    """A value that is stored unchanged."""
    return value


def cleaned_time(value: Any) -> Any:
    """A time, unchanged; anything else in its place could be anything."""
    try:
        msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return cleaned(value)
    return value


def cleaned_id(value: Any) -> Any:
    """The id under which the event would be stored: the sender's may say more than it should."""
    return str(event_id(value)) if isinstance(value, str | int) else cleaned(value)


CLEANERS: dict[str, Callable[[Any], Any]] = {
    "id": cleaned_id,
    "page": lambda value: clean_url(value) if isinstance(value, str) else cleaned(value),
    "referrer": lambda value: referrer_of(value) if isinstance(value, str) else cleaned(value),
    "time": cleaned_time,
    **dict.fromkeys(("session_id", *IDENTITIES), as_it_is),
}
"""Fields with a rule of their own."""


async def keep(database: Database, rejected: Sequence[RejectedEvent], most_rows: int) -> list[None]:
    """Keeps rejected events, the newest of each site, and forgets what is too much."""
    newest = newest_of_each_site(rejected, most_rows)
    limits = {"rows": most_rows, "bytes": MOST_BYTES}
    async with database.writer() as connection, connection.transaction():
        rows = as_json([msgspec.structs.asdict(event) for event in newest])
        await execute(connection, "keep_rejected", {"rejected": rows, "lock": KEEPERS_LOCK})
        sites = list({event.site_id for event in newest})
        await execute(connection, "trim_rejected", {"sites": sites, **limits})
    return [None] * len(rejected)


def newest_of_each_site(rejected: Sequence[RejectedEvent], most_rows: int) -> list[RejectedEvent]:
    """Of a flood, the part that would be left of it anyway."""
    of_site: dict[int, list[RejectedEvent]] = defaultdict(list)
    for event in rejected:
        of_site[event.site_id].append(event)
    return [event for events in of_site.values() for event in events[-most_rows:]]


async def forget_rejected(connection: Connection, before: datetime) -> None:
    """Deletes what was rejected before a time."""
    await execute(connection, "forget_rejected", {"before": before})
