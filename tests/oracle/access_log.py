"""An independent calculation of the numbers of an access log, to check the service against.

It reads a combined access log (Apache or nginx, plain or gzipped) straight from the file and works
everything out in memory with the standard library. It shares no code with the service: when both
give the same number, the number was arrived at twice.

The way is the shortest one there is. Read the lines, keep the page views of people, sort those of
one (address, user agent) by time, cut them into visits wherever more than 30 minutes pass, and
count. The definitions are in the docstrings of the functions.
"""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, TypeAlias
from urllib.parse import urlsplit

import crawleruseragents
import ua_parser
from publicsuffixlist import PublicSuffixList

VISIT_GAP = timedelta(minutes=30)
PAGE_LENGTH = 2000
CRAWLER_UA_LENGTH = 512
SHORTEST_UA = 8

ASSETS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".bmp"),
    *(".css", ".js", ".mjs", ".map", ".json", ".xml", ".txt"),
    *(".woff", ".woff2", ".ttf", ".eot", ".otf"),
    *(".mp3", ".mp4", ".webm", ".ogg", ".avi", ".mov", ".wav"),
    *(".zip", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".rar", ".7z"),
    *(".deb", ".rpm", ".exe", ".dmg", ".iso", ".jar", ".pdf", ".swf", ".bin"),
    *(".sh", ".patch", ".diff"),
)

BROWSER_NAMES = {
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "IE Mobile": "IE",
}

LINE = re.compile(
    r"(?P<ip>\S+) \S+ \S+"
    r" \[(?P<time>\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\]"
    r' "(?P<request>(?:[^"\\]|\\.)*)"'
    r" (?P<status>\d{3}) (?P<size>\d+|-)"
    r' "(?P<referrer>(?:[^"\\]|\\.)*)"'
    r' "(?P<ua>(?:[^"\\]|\\.)*)"',
    re.ASCII,
)
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
DNS_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+")

CRAWLER_PATTERNS = [
    re.compile(entry["pattern"]) for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
]
NAMES_ITSELF = re.compile(
    r"Windows|Mac|Linux|X11|BSD|CrOS|Android|iPhone|iPad|iPod|iOS|Mobi|Tablet|Nokia|Symb|J2ME|MIDP"
    r"|SonyEricsson|Opera Mini|BlackBerry|PlayStation|Nintendo|Xbox|TV|Kindle|Lynx|w3m"
)
# ua-parser on plain `re`, which takes its expressions at their word. `ua_parser.parse` uses a
# native engine if one is installed, and `ua-parser-rs` reads `.{0,100}` as `.*`: it finds a
# 'Spider' in long user agents in which this one finds none.
PLAIN_PARSER = ua_parser.Parser(ua_parser.BasicResolver(ua_parser.load_lazy_builtins()))
SUFFIXES = PublicSuffixList()

Visitor: TypeAlias = tuple[date, str, str]
VisitKey: TypeAlias = tuple[date, str, str, datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log, taken apart. `time` is UTC, an empty field ('-') is ''."""

    line: int
    ip: str
    time: datetime
    method: str
    target: str
    status: int
    size: int
    referrer: str
    ua: str


@dataclass(frozen=True)
class Visit:
    """The page views of one visit, in order of time and, within a second, of line number."""

    views: tuple[Request, ...]

    @property
    def started(self) -> datetime:
        """Time of the first page view."""
        return self.views[0].time

    @property
    def ended(self) -> datetime:
        """Time of the last page view."""
        return self.views[-1].time

    @property
    def seconds(self) -> float:
        """Duration: last minus first page view."""
        return (self.ended - self.started).total_seconds()

    @property
    def visitor(self) -> Visitor:
        """(UTC day the visit began on, address, user agent): a midnight does not change it."""
        return (self.started.date(), self.views[0].ip, self.views[0].ua)

    @property
    def key(self) -> VisitKey:
        """Names the visit: a visitor begins no two visits at one time."""
        return (*self.visitor, self.started)

    @property
    def bounce(self) -> bool:
        """Exactly one page view."""
        return len(self.views) == 1

    @property
    def entry(self) -> str:
        """Page of the first page view."""
        return page_of(self.views[0])

    @property
    def exit(self) -> str:
        """Page of the last page view."""
        return page_of(self.views[-1])

    @property
    def first_views(self) -> list[Request]:
        """The page views of the first second: usually one. Time alone does not order them."""
        return [view for view in self.views if view.time == self.started]

    @property
    def last_views(self) -> list[Request]:
        """The page views of the last second: usually one. Time alone does not order them."""
        return [view for view in self.views if view.time == self.ended]

    @property
    def entry_candidates(self) -> set[str]:
        """The pages that may be called the entry page, going by time alone."""
        return {page_of(view) for view in self.first_views}

    @property
    def exit_candidates(self) -> set[str]:
        """The pages that may be called the exit page, going by time alone."""
        return {page_of(view) for view in self.last_views}

    def source_candidates(self, site_domain: str) -> set[str]:
        """The referrer domains that may be called the source, going by time alone."""
        return {referrer_domain(view.referrer, site_domain) for view in self.first_views}


@dataclass
class LogOracle:
    """The numbers of one log file.

    Every line is in exactly one of `skipped`, `bot_pageviews` and `pageviews`. The three
    `ambiguous_` sets hold the visits whose first (or last) second has several page views that
    differ in page (or referrer): there the line number decided, which another reader of the same
    log need not know. `doubtful_sources` are the visits whose referrer host has no registrable
    domain (an IP address, a bare name, a host that is no DNS name): the host itself is counted.
    """

    lines: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    bot_pageviews: int = 0

    pageviews: int = 0
    visits: int = 0
    visitors: int = 0
    bounces: int = 0
    bounce_rate: float = 0.0
    mean_duration: float = 0.0

    pageviews_per_hour: Counter[datetime] = field(default_factory=Counter)
    visits_per_hour: Counter[datetime] = field(default_factory=Counter)
    pageviews_per_page: Counter[str] = field(default_factory=Counter)
    visitors_per_page: Counter[str] = field(default_factory=Counter)
    visits_per_entry: Counter[str] = field(default_factory=Counter)
    visits_per_exit: Counter[str] = field(default_factory=Counter)
    bounces_per_entry: Counter[str] = field(default_factory=Counter)
    visits_per_referrer: Counter[str] = field(default_factory=Counter)
    visits_per_browser_raw: Counter[str] = field(default_factory=Counter)
    visits_per_browser: Counter[str] = field(default_factory=Counter)
    visits_per_os: Counter[str] = field(default_factory=Counter)

    ambiguous_entries: set[VisitKey] = field(default_factory=set)
    ambiguous_exits: set[VisitKey] = field(default_factory=set)
    ambiguous_sources: set[VisitKey] = field(default_factory=set)
    doubtful_sources: set[VisitKey] = field(default_factory=set)

    all_visits: list[Visit] = field(default_factory=list, repr=False)


def read_log(path: Path, site_domain: str, parser: ua_parser.Parser = PLAIN_PARSER) -> LogOracle:
    """Work out the numbers of the log at `path`, of the site `site_domain`.

    `parser` is the ua-parser to ask; `ua_parser.parser` is the one of `ua_parser.parse`.
    """
    oracle = LogOracle()
    views = list(human_pageviews(read_lines(path), oracle, parser))
    visits = sorted(visits_of(views), key=lambda visit: (visit.started, visit.views[0].line))
    count_totals(oracle, visits)
    count_times_and_pages(oracle, visits)
    count_sources(oracle, visits, site_domain)
    count_devices(oracle, visits, parser)
    note_doubts(oracle, visits, site_domain)
    return oracle


# Lines ------------------------------------------------------------------------------------------


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a plain or gzipped file. Only a newline ends a line, no exotic separator."""
    with open_binary(path) as file:
        for line in file:
            yield line.decode("utf-8", "replace").rstrip("\r\n")


def open_binary(path: Path) -> IO[bytes] | gzip.GzipFile:
    """The file, unpacked if it begins like a gzip file, whatever its name."""
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if gzipped else path.open("rb")


def parse_line(number: int, line: str) -> Request | None:
    """Take a line apart, or None if it is not in the combined format."""
    match = LINE.fullmatch(line)
    if match is None:
        return None
    try:
        local = datetime.strptime(match["time"], "%d/%b/%Y:%H:%M:%S %z")
        time = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    method, target = split_request(text_of(match["request"]))
    return Request(
        line=number,
        ip=match["ip"],
        time=time,
        method=method,
        target=target,
        status=int(match["status"]),
        size=int(match["size"].replace("-", "0")),
        referrer=text_of(match["referrer"]),
        ua=text_of(match["ua"]),
    )


def text_of(quoted: str) -> str:
    r"""The text of a quoted field: '-' is empty, \" and \\ lose their backslash, \xhh stays."""
    return "" if quoted == "-" else re.sub(r'\\(["\\])', r"\1", quoted)


def split_request(request: str) -> tuple[str, str]:
    """Method and target of 'GET /a HTTP/1.1'. The protocol may be missing (HTTP/0.9)."""
    method, _, rest = request.partition(" ")
    return method, re.sub(r" ?HTTP/[0-9.]+$", "", rest)


# Page views -------------------------------------------------------------------------------------


def human_pageviews(
    lines: Iterable[str], oracle: LogOracle, parser: ua_parser.Parser
) -> Iterator[Request]:
    """The page views of people. What is left out is counted in `oracle`."""
    for number, line in enumerate(lines, start=1):
        oracle.lines += 1
        request = parse_line(number, line)
        if request is None:
            oracle.skipped["malformed"] += 1
        elif reason := no_pageview(request):
            oracle.skipped[reason] += 1
        elif is_bot(request.ua, parser):
            oracle.bot_pageviews += 1
        else:
            yield request


def no_pageview(request: Request) -> str:
    """Why a request is not a page view, '' if it is one. The first rule that applies decides."""
    if request.method != "GET":
        return "method"
    if not (200 <= request.status <= 299 or request.status == 304):
        return "status"
    if path_of(request.target).lower().endswith(ASSETS):
        return "asset"
    return ""


def path_of(target: str) -> str:
    """The path of a request target as it is in the log, '/' if empty.

    Done by hand, because a URL parser takes '//favicon.ico' for a host.
    """
    origin = ORIGIN.match(target)
    rest = target[origin.end() :] if origin else target
    return re.split(r"[?#]", rest, maxsplit=1)[0] or "/"


def page_of(view: Request) -> str:
    """The page a request is counted for."""
    return path_of(view.target)[:PAGE_LENGTH]


@cache
def is_bot(ua: str, parser: ua_parser.Parser = PLAIN_PARSER) -> bool:
    """A crawler of the dataset, a 'Spider' of ua-parser, or a user agent no browser would send: one
    that is very short, or names neither a system nor a device nor a browser for terminals."""
    if len(ua) < SHORTEST_UA:
        return True
    if any(pattern.search(ua[:CRAWLER_UA_LENGTH]) for pattern in CRAWLER_PATTERNS):
        return True
    device = parser.parse_device(ua)
    if device is not None and device.family == "Spider":
        return True
    return parser.parse_os(ua) is None and not NAMES_ITSELF.search(ua)


# Visits -----------------------------------------------------------------------------------------


def visits_of(views: Iterable[Request]) -> list[Visit]:
    """Cut the page views of each (address, user agent) where more than 30 minutes pass.

    Days play no part in it, so a visit goes on over midnight. The visitor of a visit is named
    after the day it began on, which is all that 'keeps the id of the day before' means.
    """
    streams: defaultdict[tuple[str, str], list[Request]] = defaultdict(list)
    for view in views:
        streams[view.ip, view.ua].append(view)
    return [visit for stream in streams.values() for visit in cut(stream)]


def cut(stream: Iterable[Request]) -> Iterator[Visit]:
    """The visits in the page views of one (address, user agent)."""
    current: list[Request] = []
    for view in sorted(stream, key=lambda view: (view.time, view.line)):
        if current and view.time - current[-1].time > VISIT_GAP:
            yield Visit(tuple(current))
            current = []
        current.append(view)
    if current:
        yield Visit(tuple(current))


# Counts -----------------------------------------------------------------------------------------


def count_totals(oracle: LogOracle, visits: list[Visit]) -> None:
    """Count what there is in all."""
    oracle.all_visits = visits
    oracle.pageviews = sum(len(visit.views) for visit in visits)
    oracle.visits = len(visits)
    oracle.visitors = len({visit.visitor for visit in visits})
    oracle.bounces = sum(visit.bounce for visit in visits)
    if visits:
        oracle.bounce_rate = oracle.bounces / oracle.visits
        oracle.mean_duration = sum(visit.seconds for visit in visits) / oracle.visits


def count_times_and_pages(oracle: LogOracle, visits: list[Visit]) -> None:
    """Count by UTC hour and by page."""
    views = [view for visit in visits for view in visit.views]
    oracle.pageviews_per_hour = Counter(hour_of(view.time) for view in views)
    oracle.visits_per_hour = Counter(hour_of(visit.started) for visit in visits)
    oracle.pageviews_per_page = Counter(page_of(view) for view in views)
    # Distinct (page, visitor) pairs first, then how many of them each page has.
    pairs = {(page_of(view), visit.visitor) for visit in visits for view in visit.views}
    oracle.visitors_per_page = Counter(page for page, _ in pairs)


def count_sources(oracle: LogOracle, visits: list[Visit], site_domain: str) -> None:
    """Count visits by entry page, exit page and the referrer of their first page view."""
    oracle.visits_per_entry = Counter(visit.entry for visit in visits)
    oracle.visits_per_exit = Counter(visit.exit for visit in visits)
    oracle.bounces_per_entry = Counter(visit.entry for visit in visits if visit.bounce)
    referrers = [visit.views[0].referrer for visit in visits]
    oracle.visits_per_referrer = Counter(referrer_domain(r, site_domain) for r in referrers)


def count_devices(oracle: LogOracle, visits: list[Visit], parser: ua_parser.Parser) -> None:
    """Count visits by browser and system. All page views of a visit have one user agent."""
    agents = [visit.views[0].ua for visit in visits]
    browsers = [browser_of(ua, parser) for ua in agents]
    oracle.visits_per_browser_raw = Counter(browsers)
    oracle.visits_per_browser = Counter(BROWSER_NAMES.get(name, name) for name in browsers)
    oracle.visits_per_os = Counter(os_of(ua, parser) for ua in agents)


def note_doubts(oracle: LogOracle, visits: list[Visit], site_domain: str) -> None:
    """Note the visits of which another reading of the same log may rightly say otherwise."""
    for visit in visits:
        if len(visit.entry_candidates) > 1:
            oracle.ambiguous_entries.add(visit.key)
        if len(visit.exit_candidates) > 1:
            oracle.ambiguous_exits.add(visit.key)
        if len(visit.source_candidates(site_domain)) > 1:
            oracle.ambiguous_sources.add(visit.key)
        if is_doubtful(host_of(visit.views[0].referrer)):
            oracle.doubtful_sources.add(visit.key)


def hour_of(time: datetime) -> datetime:
    """The beginning of the hour a time is in."""
    return time.replace(minute=0, second=0, microsecond=0)


# Referrers, browsers, systems -------------------------------------------------------------------


def referrer_domain(referrer: str, site_domain: str) -> str:
    """The registrable domain a referrer comes from, '' for none and for the site itself."""
    host = host_of(referrer)
    if not host:
        return ""
    domain = registrable(host)
    own = domain.removeprefix("www.") == registrable(site_domain.lower()).removeprefix("www.")
    return "" if own else domain


def host_of(url: str) -> str:
    """The lower-cased host of an http(s) URL, '' if it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".") if parts.scheme in ("http", "https") else ""


def registrable(host: str) -> str:
    """The registrable domain of a host; the host itself if it has none."""
    if IPV4.fullmatch(host):
        return host
    return SUFFIXES.privatesuffix(host) or host


def is_doubtful(host: str) -> bool:
    """Whether a host is one of which the registrable domain is a matter of opinion."""
    if not host:
        return False
    named = DNS_NAME.fullmatch(host) and not IPV4.fullmatch(host)
    return not named or SUFFIXES.privatesuffix(host) is None


@cache
def browser_of(ua: str, parser: ua_parser.Parser = PLAIN_PARSER) -> str:
    """ua-parser's browser family, '' if it knows none."""
    agent = parser.parse_user_agent(ua)
    return agent.family if agent else ""


@cache
def os_of(ua: str, parser: ua_parser.Parser = PLAIN_PARSER) -> str:
    """ua-parser's system family, '' if it knows none."""
    system = parser.parse_os(ua)
    return system.family if system else ""
