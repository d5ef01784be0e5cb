"""Imports Apache and nginx access logs in the combined format.

A page view is a GET, answered 2xx or 304, of something that is not an asset. Bots are kept apart as
everywhere; in a log, a request without a user agent is a bot's. The id of an event is derived from
its line (and from how often the same line came before it), so a log that is imported twice is
stored once.
"""

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from uuid import uuid5

from api.db.database import Database
from api.errors import AnalyticsError
from api.events.enrich.event import ID_NAMESPACE, enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender, import_salt
from api.events.models import Event, EventIn
from api.events.write.writer import Outcome, Writer
from api.sites.models import Site, utc_now

LINE = re.compile(
    r'(?P<ip>\S+) \S+ \S+ \[(?P<time>[^\]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}) \S+ "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"\s*$'
)

TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"

ASSETS = tuple(
    f".{ending}"
    for ending in [
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "avif",
        "ico",
        "bmp",
        "css",
        "js",
        "mjs",
        "map",
        "json",
        "xml",
        "txt",
        "woff",
        "woff2",
        "ttf",
        "eot",
        "otf",
        "mp3",
        "mp4",
        "webm",
        "ogg",
        "avi",
        "mov",
        "wav",
        "zip",
        "gz",
        "tgz",
        "bz2",
        "xz",
        "tar",
        "rar",
        "7z",
        "deb",
        "rpm",
        "exe",
        "dmg",
        "iso",
        "jar",
        "pdf",
        "swf",
        "bin",
        "sh",
        "patch",
        "diff",
    ]
)

SHORTEST_AGENT = 8
BATCH = 2_000


class Skipped(Exception):
    """A line that is not a page view. The message is the reason, one word."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A page view in a log."""

    ip: str
    time: datetime
    page: str
    referrer: str
    agent: str


@dataclass
class Summary:
    """The numbers of an import."""

    lines: int = 0
    stored: int = 0
    bots: int = 0
    """How many of the stored events are a bot's."""
    duplicates: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])


def read_hit(line: str) -> Hit:
    """The page view in a line. Raises Skipped for any other line."""
    match = LINE.match(line)
    if match is None:
        raise Skipped("malformed")
    method, _, rest = match["request"].partition(" ")
    target = rest.partition(" ")[0]
    if method != "GET" or not target:
        raise Skipped("method")
    if not (match["status"].startswith("2") or match["status"] == "304"):
        raise Skipped("status")
    page = path_of(target)
    if page.lower().endswith(ASSETS):
        raise Skipped("asset")
    try:
        time = datetime.strptime(match["time"], TIME_FORMAT)
    except ValueError as error:
        raise Skipped("malformed") from error
    return Hit(match["ip"], time, page, quoted(match["referrer"]), quoted(match["agent"]))


def path_of(target: str) -> str:
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return (re.split(r"[?#]", target, maxsplit=1)[0] or "/")[:2000]


def quoted(text: str) -> str:
    """The text of a quoted field; '' for a dash."""
    return "" if text == "-" else re.sub(r'\\(["\\])', r"\1", text)[:2000]


def open_log(path: Path) -> Iterator[str]:
    """The lines of a log, plain or gzipped; undecodable bytes are replaced."""
    opener: Callable[..., Iterator[str]] = gzip.open if path.suffix == ".gz" else open  # pyright: ignore[reportAssignmentType]
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportAttributeAccessIssue]
        yield from file


class LogReader:
    """Makes events of the lines of a log, for one site."""

    def __init__(self, site: Site, secret: str, geo: GeoLocator) -> None:
        self.site = site
        self.geo = geo
        self.occurrences: Counter[bytes] = Counter()
        """How often each line has occurred, by digest, because all lines would not fit into
        memory."""
        self.salts: dict[date, bytes] = {}
        self.secret = secret
        self.sender = Sender("", "", {}, utc_now(), self.salt_of, trusted=True)

    def salt_of(self, day: date) -> bytes:
        if day not in self.salts:
            self.salts[day] = import_salt(self.secret, day)
        return self.salts[day]

    def event(self, line: str) -> Event:
        """The event in a line. Raises Skipped."""
        hit = read_hit(line)
        line = line.rstrip("\r\n")
        digest = hashlib.blake2b(line.encode("utf-8", "replace"), digest_size=8).digest()
        self.occurrences[digest] += 1
        given = EventIn(
            id=str(uuid5(ID_NAMESPACE, f"{line}\n{self.occurrences[digest]}")),
            time=hit.time,
            page=hit.page,
            referrer=hit.referrer,
            user_agent=hit.agent,
        )
        try:
            event = enrich(given, self.site, replace(self.sender, ip=hit.ip), self.geo)
        except AnalyticsError as error:
            raise Skipped(error.code) from error
        if len(hit.agent.strip()) < SHORTEST_AGENT:
            event.bot, event.bot_category = "no user agent", "other"
        return event


async def import_log(
    database: Database, path: Path, reader: LogReader, summary: Summary
) -> AsyncIterator[Summary]:
    """Stores the events of a log in batches, and yields the summary after each of them."""
    writer = Writer(database)
    lines = open_log(path)
    while chunk := list(islice(lines, BATCH)):
        events = list(read_all(chunk, reader, summary))
        summary.lines += len(chunk)
        for event, result in zip(events, await writer.write(events), strict=True):
            count(summary, event, result)
        yield summary


def read_all(lines: list[str], reader: LogReader, summary: Summary) -> Iterator[Event]:
    """The events in these lines. Skipped lines are counted by reason."""
    for line in lines:
        try:
            yield reader.event(line)
        except Skipped as reason:
            summary.skipped[str(reason)] += 1


def count(summary: Summary, event: Event, result: object) -> None:
    if result is Outcome.ACCEPTED:
        summary.stored += 1
        summary.bots += event.bot is not None
    elif result is Outcome.DUPLICATE:
        summary.duplicates += 1
    else:
        summary.skipped["unstorable"] += 1
