"""Imports access logs of web servers and load balancers.

The formats are in formats/table.py, what is a page view in page_views.py. Bots are kept apart as
everywhere; in a log, a request without a user agent is a bot's. The id of an event is derived from
its line (and from how often the same line came before it in this log), so a log that is imported
twice is stored once.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from io import BufferedReader
from uuid import uuid5

from api.errors import AnalyticsError
from api.events.enrich.event import ID_NAMESPACE, enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender, import_salt
from api.events.models import Event, EventIn
from api.events.write.writer import Outcome
from api.sites.models import Site, utc_now
from importing.formats.request import MALFORMED, Format, Request, Skipped
from importing.formats.table import BY_NAME, format_of
from importing.lines import DamagedLog, read_batches
from importing.page_views import refuse_no_page_view
from importing.stores import Store

SHORTEST_AGENT = 8

REMEMBERED = 100_000
"""Of this many different lines at least, it is known how often they came."""


@dataclass
class Summary:
    """The numbers of an import."""

    lines: int = 0
    stored: int = 0
    bots: int = 0
    """How many of the stored events are a bot's."""
    duplicates: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])
    formats: Counter[str] = field(default_factory=Counter[str])
    """How many logs were read as being of a format."""
    problems: list[str] = field(default_factory=list[str])
    """What went wrong with a log as a whole, and with which."""


class Occurrences:
    """How often a line came in a log. Equal lines have equal times, so they are near each other:
    only the latest lines are remembered, which bounds the memory."""

    def __init__(self) -> None:
        self.recent: dict[bytes, int] = {}
        self.earlier: dict[bytes, int] = {}

    def count(self, line: str) -> int:
        """Counts a line, and says how often it has come now."""
        digest = hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=8).digest()
        number = 1 + (self.recent.get(digest) or self.earlier.get(digest, 0))
        self.recent[digest] = number
        if len(self.recent) == REMEMBERED:
            self.recent, self.earlier = {}, self.recent
        return number


class LogReader:
    """Makes events of the requests in logs, for one site."""

    def __init__(self, site: Site, secret: str, geo: GeoLocator) -> None:
        self.site = site
        self.geo = geo
        self.salts: dict[date, bytes] = {}
        self.secret = secret
        self.sender = Sender("", "", {}, utc_now(), self.salt_of, trusted=True)

    def salt_of(self, day: date) -> bytes:
        if day not in self.salts:
            self.salts[day] = import_salt(self.secret, day)
        return self.salts[day]

    def event(self, request: Request, event_id: str) -> Event:
        """The event of a page view. Raises Skipped if it is refused."""
        given = EventIn(
            id=event_id,
            time=request.time,
            page=request.target,
            hostname=request.hostname,
            referrer=request.referrer,
            user_agent=request.agent or "",
        )
        sender = replace(self.sender, ip=request.address, now=utc_now())
        try:
            event = enrich(given, self.site, sender, self.geo)
        except AnalyticsError as error:
            raise Skipped(error.code) from error
        if request.agent is not None and len(request.agent.strip()) < SHORTEST_AGENT:
            event.bot, event.bot_category = "no user agent", "other"
        return event


class Log:
    """A log that is being read. Its format is found out by its first lines, unless it is given."""

    def __init__(self, reader: LogReader, chosen: Format | None) -> None:
        self.reader = reader
        self.occurrences = Occurrences()
        self.has_text = self.fits = False
        self.begin(chosen)

    def begin(self, chosen: Format | None) -> None:
        self.format = chosen
        self.read = chosen.reader() if chosen else None

    def events(self, lines: Sequence[str], summary: Summary) -> Iterator[Event]:
        """The events in the next lines. The others are counted by reason."""
        if not self.format:
            self.begin(format_of(lines))
        self.has_text |= any(lines)
        for line in lines:
            try:
                yield self.event(line)
            except Skipped as reason:
                summary.skipped[str(reason)] += 1
        summary.lines += len(lines)

    def event(self, line: str) -> Event:
        """The event of a line. Raises Skipped."""
        request = self.request(line)
        refuse_no_page_view(request)
        name = f"{line}\n{self.occurrences.count(line)}"
        return self.reader.event(request, str(uuid5(ID_NAMESPACE, name)))

    def request(self, line: str) -> Request:
        """The request of a line. Raises Skipped."""
        try:
            if not self.read:
                raise Skipped(MALFORMED)
            request = self.read(line)
        except Skipped as reason:
            self.fits |= str(reason) != MALFORMED
            raise
        self.fits = True
        return request

    def end(self, name: str, summary: Summary) -> None:
        """Notes in the summary what format the log had, or that it had none."""
        if self.fits and self.format:
            summary.formats[self.format.name] += 1
        elif self.has_text:
            tried = self.format.name if self.format else ", ".join(BY_NAME)
            summary.problems.append(f"{name}: no line fits a format; tried: {tried}")


async def import_log(
    store: Store,
    name: str,
    raw: BufferedReader,
    reader: LogReader,
    summary: Summary,
    chosen: Format | None = None,
) -> AsyncIterator[Summary]:
    """Stores the events of a log in batches, and yields the summary after each of them."""
    log = Log(reader, chosen)
    try:
        async for lines in read_batches(raw):
            events = list(log.events(lines, summary))
            for event, result in zip(events, await store(events), strict=True):
                count(summary, event, result)
            yield summary
    except DamagedLog as error:
        summary.problems.append(f"{name} {error}")
    log.end(name, summary)


def count(summary: Summary, event: Event, result: object) -> None:
    if result is Outcome.ACCEPTED:
        summary.stored += 1
        summary.bots += event.bot is not None
    elif result is Outcome.DUPLICATE:
        summary.duplicates += 1
    else:
        summary.skipped["unstorable"] += 1
