"""Imports the events of an export: the way of an event from an entry to its outcome.

Each is checked and enriched like one that a trusted sender posts. What only the product knew, such
as the browser, replaces what was made of fields that the export does not have.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from uuid import uuid5

import msgspec
from msgspec import Raw

from api.errors import AnalyticsError
from api.events.enrich.event import ID_NAMESPACE, enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender, import_salt
from api.events.models import Event
from api.events.receive.parse import parse_event
from api.sites.models import Site, utc_now
from importing.access_log import Occurrences, Summary, count
from importing.formats.request import MALFORMED, Skipped
from importing.products.entries import Entry, Found
from importing.products.files import Unreadable, parts_of
from importing.products.table import Product
from importing.stores import Store

BATCH = 2_000

OTHER_SITE = "other_site"


class ExportReader:
    """Makes events of the entries of an export, for one site."""

    def __init__(self, product: Product, site: Site, secret: str, origin: str = "") -> None:
        self.product = product
        self.site = site
        self.origin = origin
        """The site by the product's own id; by default that of the first entry."""
        self.geo = GeoLocator(None, None)
        self.secret = secret
        self.sender = Sender("", "", {}, utc_now(), self.salt_of, trusted=True)
        self.occurrences = Occurrences()
        """How often an entry without an id came in a file."""

    def salt_of(self, day: date) -> bytes:
        """The salt of a day, for an event that names no visitor."""
        return import_salt(self.secret, day)

    def event(self, found: Found) -> Event:
        """The event of an entry. Raises Skipped if it is refused, or of another site."""
        self.origin = self.origin or found.origin
        if found.origin != self.origin:
            raise Skipped(OTHER_SITE)
        sender = replace(self.sender, now=utc_now())
        try:
            given = parse_event(Raw(msgspec.json.encode(self.identified(found))))
            event = enrich(given, self.site, sender, self.geo)
        except AnalyticsError as error:
            raise Skipped(error.code) from error
        event.context = msgspec.structs.replace(event.context, **found.known)
        if found.bot:
            event.bot, event.bot_category = found.bot, "other"
        return event

    def identified(self, found: Found) -> dict[str, object]:
        """The fields of an entry, with an id and a visitor: one that names no visitor is of a
        visitor of its own."""
        own = found.event.get("id")
        if own is None:
            number = self.occurrences.count(found.key)
            own = str(uuid5(ID_NAMESPACE, f"{self.product.name}\n{found.key}\n{number}"))
        names_visitor = found.event.keys() & {"visitor_id", "user_id"}
        return {**found.event, "id": own, **({} if names_visitor else {"visitor_id": own})}


async def import_export(
    names: Sequence[str], reader: ExportReader, store: Store, summary: Summary
) -> AsyncIterator[Summary]:
    """Stores the events of an export's files in batches, and yields the summary after each."""
    with reader.product.reading(names) as read:
        for name in names:
            try:
                for part in parts_of(name):
                    reader.occurrences, problems = Occurrences(), list[str]()
                    entries = readable(read(part), problems)
                    async for _ in import_entries(entries, reader, store, summary):
                        yield summary
                    title = name if part.name in name else f"{name}: {part.name}"
                    summary.problems += [f"{title} {problem}" for problem in problems]
            except Unreadable as error:
                summary.problems.append(f"{name} {error}")


async def import_entries(
    entries: Iterator[Entry], reader: ExportReader, store: Store, summary: Summary
) -> AsyncIterator[None]:
    """Stores the events of entries in batches."""
    while batch := list(islice(entries, BATCH)):
        events = list(events_of(batch, reader, summary.skipped))
        for event, result in zip(events, await store(events), strict=True):
            count(summary, event, result)
        summary.lines += len(batch)
        yield


def readable(entries: Iterator[Entry], problems: list[str]) -> Iterator[Entry]:
    """The entries up to the end, or to where they cannot be read on, which is a problem."""
    read = 0
    fitting = 0
    try:
        for entry in entries:
            read += 1
            fitting += not (isinstance(entry, Skipped) and str(entry) == MALFORMED)
            yield entry
    except Unreadable as error:
        problems.append(str(error))
    if read and not fitting:
        problems.append("has no entry that fits")


def events_of(
    entries: Iterable[Entry], reader: ExportReader, skipped: Counter[str]
) -> Iterator[Event]:
    """The events of entries. The others are counted by reason."""
    for entry in entries:
        try:
            if isinstance(entry, Skipped):
                raise entry
            yield reader.event(entry)
        except Skipped as reason:
            skipped[str(reason)] += 1
