"""Apache and nginx access logs in the combined format, as events.

A page view is a GET, answered 2xx or 304, of something that is not an asset. Bots are kept apart
like everywhere; in a log, a request without a user agent is one. The id of an event follows from
its line (and from how often the same line came before it), so a log imported twice is stored once.
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
    """A line that is no page view; the message is the reason, one word."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A page view as the log tells it."""

    ip: str
    time: datetime
    page: str
    referrer: str
    agent: str


@dataclass
class Summary:
    """What an import did."""

    lines: int = 0
    stored: int = 0
    bots: int = 0
    """Of the stored ones."""
    duplicates: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])


def read_hit(line: str) -> Hit:
    """The page view in a line. Raises Skipped with the reason when there is none."""
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
    """The path of a request target, as it stands in the log, without query."""
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
    return (re.split(r"[?#]", target, maxsplit=1)[0] or "/")[:2000]


def quoted(text: str) -> str:
    """A quoted field's text; a dash stands for nothing."""
    return "" if text == "-" else re.sub(r'\\(["\\])', r"\1", text)[:2000]


def open_log(path: Path) -> Iterator[str]:
    """The lines of a log, plain or gzipped; undecodable bytes are replaced."""
    opener: Callable[..., Iterator[str]] = gzip.open if path.suffix == ".gz" else open  # pyright: ignore[reportAssignmentType]
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType, reportAttributeAccessIssue]
        yield from file


class LogReader:
    """Turns lines into events of one site."""

    def __init__(self, site: Site, secret: str, geo: GeoLocator) -> None:
        self.site = site
        self.geo = geo
        self.occurrences: Counter[bytes] = Counter()
        """By digest: a log may have more lines than memory has room for."""
        self.salts: dict[date, bytes] = {}
        self.secret = secret
        self.sender = Sender("", "", {}, utc_now(), self.salt_of, trusted=True)

    def salt_of(self, day: date) -> bytes:
        """The salt of a day of this import."""
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
    """Stores a log batch by batch, yielding the summary so far after each."""
    writer = Writer(database)
    lines = open_log(path)
    while chunk := list(islice(lines, BATCH)):
        events = list(read_all(chunk, reader, summary))
        summary.lines += len(chunk)
        for event, result in zip(events, await writer.write(events), strict=True):
            count(summary, event, result)
        yield summary


def read_all(lines: list[str], reader: LogReader, summary: Summary) -> Iterator[Event]:
    """The events of these lines; why the others have none is counted."""
    for line in lines:
        try:
            yield reader.event(line)
        except Skipped as reason:
            summary.skipped[str(reason)] += 1


def count(summary: Summary, event: Event, result: object) -> None:
    """Adds one event's outcome to the summary."""
    if result is Outcome.ACCEPTED:
        summary.stored += 1
        summary.bots += event.bot is not None
    elif result is Outcome.DUPLICATE:
        summary.duplicates += 1
    else:
        summary.skipped["unstorable"] += 1
