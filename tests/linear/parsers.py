"""Every parser to which a stranger's text gets, how long that text may be, and the worst texts."""

import base64
import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader, BytesIO
from tempfile import NamedTemporaryFile
from uuid import UUID

from msgspec import Raw
from starlette.requests import HTTPConnection

from api.analytics.batch import Batch, params_of
from api.analytics.plausible.models import StatsQuery
from api.analytics.query import Params
from api.analytics.reports.pages import PAGES
from api.analytics.vocabulary.expressions import postgres_expression
from api.analytics.vocabulary.filters import parse_filters
from api.analytics.vocabulary.operators import page_pattern
from api.analytics.vocabulary.steps import read_step
from api.auth.access import bearer_in, cookie_in, names_host
from api.auth.cookie import with_own_cookie
from api.auth.models import Credentials
from api.auth.tokens import Purpose, Tokens
from api.body_limit import MAX_BODY_BYTES
from api.compression import accepts_gzip
from api.errors import AnalyticsError
from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender
from api.events.enrich.observations import observed_props
from api.events.enrich.page_rules import by_rules
from api.events.enrich.redaction import clean_url, redact_all
from api.events.enrich.traffic_source import read_traffic_source
from api.events.enrich.user_agent import read_agent
from api.events.models import JS_ERROR, EventIn
from api.events.receive.body import MAX_BODY_BYTES as MAX_EVENTS_BYTES
from api.events.receive.body import Unpacking, as_json, pixel_event
from api.events.receive.parse import MAX_EVENT_BYTES, parse_event, split_body
from api.events.receive.rejection import Reason, Rejected
from api.events.rejected.store import rejected_event
from api.limits import neighbourhood
from api.logs import hide
from api.revalidation import is_named
from api.sites.models import PageRule, Site, utc_now
from cli.connections import MAX_HEAD_BYTES
from dashboard.routing import own_path
from importing.formats.request import Request, Skipped
from importing.formats.table import FORMATS
from importing.lines import LONGEST_LINE
from importing.products.files import Part, Unreadable
from importing.products.ga4 import read_ga4
from importing.products.goatcounter import read_goatcounter
from importing.products.matomo import read_matomo
from importing.products.matomo_log import read_matomo_log
from importing.products.plausible import KINDS, read_aggregates
from importing.products.table import Read
from importing.products.umami import reading_umami

Text = Callable[[int], str]
"""A text of about so many characters."""

MEGABYTE = 1_000_000


def repeated(pump: str, before: str = "", after: str = "") -> Text:
    """A text in which the same comes again and again."""
    return lambda size: before + pump * (size // len(pump)) + after


def every(*pumps: str, before: Sequence[str] = ("",), after: str = "") -> tuple[Text, ...]:
    """Texts of each of these pumps after each of these beginnings."""
    return tuple(repeated(pump, start, after) for pump in pumps for start in before)


SIGNS = every(
    *("a", "1", " ", "\\", '"', '\\"', "\\\\", "/", "//", "?", "#", "@", "%40", "a@", "a.", "."),
    *("-", ":", "1:", "1.", "=", "&", ";", ",", "[", "{", "(", "\n", "\r", "\0", "_", "'", "*"),
    *("**", "$", "<", "%", "%20", "é", "\u0130", "\ufb03", "\u0315\u0301", "\U0001f600", "\ud800"),
    *("-eyJ", "eyJ-", "a%40", "http://", "?a=", "a=b&", '"ip":', '"ip"', "Tizen", "Bearer "),
    *("Mozilla/5.0 (", "Chrome/1."),
)
"""What parsers have been slow at, here and elsewhere."""

JSON = (
    *every(
        *('\\"', "\\\\", "\\u0000", "\\ud800", "\\ud83d\\ude00", "a", "\u0315\u0301"),
        before=('{"a":"', '[{"a":"', '{"page":"', '["'),
    ),
    *every(
        *("[", "{", '{"a":', "[[],", "[1,", "1,", '{"a":1},', "null,", "9", "1e", "0.3", "NaN,"),
        *("\n", "\n{", "{\n", "{}\n", "[]\n", "true\n", "\r", '"a"\n', " ", "{ ", "[NaN],"),
        before=("", "[", "{", '{"a":', '[{"a":', "[\n"),
    ),
)

SITE = Site(id=1, key="default", domain="shop.example", name="")
SENDER = Sender("203.0.113.7", "", {}, utc_now(), lambda _: b"0" * 32)
GEO = GeoLocator(None, None)
ID = str(UUID(int=1))


def take(body: bytes) -> None:
    """What is done to a body of events: each is made ready to be stored, or kept as rejected."""
    for raw in split_body(body)[0]:
        try:
            enrich(parse_event(raw), SITE, SENDER, GEO)
        except AnalyticsError as error:
            rejected_event(raw, error, SITE, SENDER)


def events(text: str) -> None:
    """A body."""
    take(text.encode("utf-8", "surrogatepass"))


def gzipped(text: str) -> None:
    """A packed body that comes in pieces."""
    packed = gzip.compress(text.encode("utf-8", "replace"), mtime=0)
    pieces = (packed[start : start + 100] for start in range(0, len(packed), 100))
    unpack = Unpacking()
    take(b"".join(unpack(piece, MAX_EVENTS_BYTES) for piece in pieces) + unpack.end())


def event(text: str) -> None:
    """An event that has the text in one of its fields, for each of them."""
    props = {"a": text, "b": f"http://{text}", text: [text]}
    for name in EventIn.__struct_fields__:
        told = {"page": "/", name: props if name == "props" else text}
        with suppress(AnalyticsError):
            enrich(parse_event(Raw(json.dumps(told).encode())), SITE, SENDER, GEO)


def rejected(text: str) -> None:
    """Something that is no event, an event that has it in no field, and in several."""
    for raw in (text, json.dumps({"nothing": text}), json.dumps({"page": text, "referrer": text})):
        told = Raw(raw.encode("utf-8", "replace"))
        rejected_event(told, Rejected(Reason.NOTHING_HAPPENED), SITE, SENDER)


def script_error(text: str) -> None:
    """An error that a page tells."""
    with suppress(AnalyticsError):
        told = dict.fromkeys(("message", "source", "frame"), text)
        observed_props(EventIn(name=JS_ERROR, page="/", props=told))


def header(name: str, read: Callable[[HTTPConnection], object]) -> Callable[[str], object]:
    """A header, as the server hands it over."""

    def read_header(text: str) -> object:
        headers = [(name.encode(), text.encode("latin-1", "replace")), (b"host", b"x")]
        scope = {"type": "http", "method": "GET", "headers": [*with_own_cookie(headers)]}
        return read(HTTPConnection(scope))

    return read_header


def token(text: str) -> None:
    """A login token with the text in each of its parts, encoded or not."""
    part = base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode()
    for made in (text, f"{part}.{part}.{part}", f"{part}.e30.e30"):
        with suppress(AnalyticsError):
            Tokens(["f0e1d2c3b4a5968778695a4b3c2d1e0f"]).read(Purpose.ACCESS, made)


def source(text: str) -> None:
    """What brings a visit."""
    tags = dict.fromkeys(("utm_source", "utm_medium", "utm_campaign"), text)
    read_traffic_source(text, tags, text)
    read_traffic_source(f"http://{text}", {}, text)


def form(text: str) -> bytes:
    """A form."""
    return as_json(text.encode("utf-8", "replace"), "application/x-www-form-urlencoded")


def parameters(text: str) -> Params:
    """The parameters of a report."""
    names = ("site", "from", "to", "timezone", "order", "filters", "limit")
    return Params.model_validate(dict.fromkeys(names, text))


def batch(text: str) -> None:
    """A batch of queries, and one with the text as a parameter."""
    with suppress(ValueError):
        Batch.model_validate_json(text)
    with suppress(AnalyticsError):
        params_of(PAGES, {"filters": text, "pages": [text], "days": text})


@dataclass(frozen=True)
class Parser:
    """A parser, how long a text it gets, and what it could be slow at."""

    read: Callable[[str], object]
    most: int
    texts: tuple[Text, ...]


def read_line(text: str) -> list[Request]:
    """A line, as each format reads it."""
    read: list[Request] = []
    for one in FORMATS:
        with suppress(Skipped):
            read.append(one.reader()(text))
    return read


def part_of(name: str, text: str) -> Part:
    """What readers of product exports get: a file with this name and content."""
    raw = BytesIO(text.encode("utf-8", "surrogatepass"))
    return Part(name, BufferedReader(raw))  # pyright: ignore[reportArgumentType]


def read_through(read: Read, part: Part) -> None:
    """Reads all entries of a file."""
    with suppress(Unreadable):
        for _ in read(part):
            pass


def json_export(text: str) -> None:
    """Products that export JSON: the text as lines, or as an array that it begins."""
    for read in (read_ga4, read_matomo, read_matomo_log):
        read_through(read, part_of("export.json", text))


def csv_export(text: str) -> None:
    """Products that export CSV: the text in place of rows, and of names of columns."""
    heading = "2Path,Event,Session,Bot,Referrer,Referrer scheme,Date\n"
    read_through(read_goatcounter, part_of("hits.csv", heading + text))
    read_through(read_goatcounter, part_of("hits.csv", text))
    with suppress(Unreadable):
        for kind in KINDS:
            [*read_aggregates(part_of(f"imported_{kind}.csv", text))]


def umami_export(text: str) -> None:
    """Umami's two tables: lines that are rows of one are none of the other."""
    events = f"created_at,event_type,session_id,url_path,event_id\n{text}"
    properties = f"event_id,data_key,string_value\n{text}"
    with NamedTemporaryFile("w", encoding="utf-8", errors="replace") as file:
        file.write(properties)
        file.flush()
        with reading_umami([file.name]) as read:
            read_through(read, part_of("website_event.csv", events))


LINE = '203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /'
LINES = ("", "203.0.113.7 - - [", LINE, f'{LINE}x HTTP/1.1" 200 1 "-" "')
FIELDS = ("page=", "props=", "data=", "duration=")
ADDRESSES = ("http://", "//a/?", "http://[", "?utm_source=", "http://a/#")
COOKIES = ('a="', 'analytics_login="')
BATCHES = ('{"queries":[', '{"common":{"filters":[')
STATS = ('{"filters":[', '{"metrics":[', '{"dimensions":[')

PARSERS = {
    "user agent": Parser(read_agent, MEGABYTE, SIGNS),
    "source": Parser(source, MEGABYTE, (*SIGNS, *every("cp", "paid", "shop", "google.", "ads"))),
    "address": Parser(
        clean_url,
        MAX_EVENT_BYTES,
        (*SIGNS, *every("a", "@", ":", "[", "\u0315\u0301", "a=b&", "/-eyJ", before=ADDRESSES)),
    ),
    "page": Parser(
        lambda text: by_rules(text, [*PageRule]),
        MAX_EVENT_BYTES,
        (*SIGNS, *every(";jsessionid=", ";jsessionid", "/index.", "/index.html")),
    ),
    "script error": Parser(script_error, MAX_EVENT_BYTES, SIGNS),
    "any text": Parser(redact_all, MAX_EVENT_BYTES, SIGNS),
    "rejected": Parser(rejected, MAX_EVENT_BYTES // 4, (*SIGNS, *JSON)),
    "event": Parser(event, 2_000, SIGNS),
    "events": Parser(events, MEGABYTE, (*JSON, *SIGNS)),
    "gzip": Parser(gzipped, MEGABYTE, every("a", "[", "\n{", '\\"', "\0", before=("", '[{"a":"'))),
    "form": Parser(
        form, MEGABYTE, (*SIGNS, *every("[", "%", "%ff", "\\", '"', "9", before=FIELDS))
    ),
    "pixel": Parser(
        lambda text: pixel_event(text, text),
        MAX_HEAD_BYTES,
        (*SIGNS, *every("[", "%", "%ff", "9", before=FIELDS)),
    ),
    "forwarded address": Parser(neighbourhood, MAX_HEAD_BYTES, SIGNS),
    "location": Parser(lambda text: GEO.locate(text, {}, text), MAX_HEAD_BYTES, SIGNS),
    "cookie": Parser(
        header("cookie", cookie_in),
        MAX_HEAD_BYTES,
        (*SIGNS, *every("\\", "\\a", "\\1", '\\"', "; ", before=COOKIES, after='"')),
    ),
    "authorization": Parser(
        header("authorization", bearer_in),
        MAX_HEAD_BYTES,
        every(" ", "a", "\t", before=("Bearer ", "")),
    ),
    "origin": Parser(
        lambda text: names_host(text, "x"),
        MAX_HEAD_BYTES,
        (*SIGNS, *every(*"a@:[é.", before=ADDRESSES)),
    ),
    "token": Parser(token, MAX_HEAD_BYTES, (*SIGNS, *JSON)),
    "login": Parser(
        lambda text: Credentials(username=text, password=text),
        MAX_BODY_BYTES,
        (*SIGNS, *every("a@", " @", "@ ")),
    ),
    "filters": Parser(
        parse_filters,
        MAX_BODY_BYTES,
        (
            *JSON,
            *every('["x"],', '["is","page",["/"]],', '["not",', '["and",[', before=("[",)),
        ),
    ),
    "stats query": Parser(
        StatsQuery.model_validate_json,
        MAX_BODY_BYTES,
        (*JSON, *every('"x",', '["x"],', '{"a":1},', before=STATS)),
    ),
    "batch": Parser(batch, MAX_BODY_BYTES, (*JSON, *every("[", "{},", "0,", before=BATCHES))),
    "encodings": Parser(accepts_gzip, MAX_HEAD_BYTES, (*SIGNS, *every("gzip;", "gzip,", "q=0."))),
    "condition": Parser(
        lambda text: is_named('W/"a"', [text]),
        MAX_HEAD_BYTES,
        (*SIGNS, *every('W/"', '",', '"a",')),
    ),
    "step": Parser(lambda text: read_step(text, {}), MAX_HEAD_BYTES, (*SIGNS, *JSON)),
    "pattern": Parser(page_pattern, MAX_HEAD_BYTES, every("*", "**", "*a", "a*/", "\\", "[")),
    "expression": Parser(
        postgres_expression,
        MAX_HEAD_BYTES,
        every("[a-c]", "(", "a|", r"\Q", "[", "(?i)é", "{1", "\\"),
    ),
    "parameters": Parser(
        parameters,
        MAX_HEAD_BYTES,
        (*SIGNS, *every("0", "-01", "+", before=("2026-01-01T", "2026-"))),
    ),
    "way onward": Parser(own_path, MAX_HEAD_BYTES, SIGNS),
    "line of a log": Parser(
        read_line,
        LONGEST_LINE,
        (
            *every("\\", '\\"', "a", " ", "]", '" ', "\\\\", ", a", "- ", ": ", before=LINES),
            *every('"', '",', "\t", "#Fields: ", "%25", "{", '{"request":', "[1]: "),
        ),
    ),
    "export in JSON": Parser(
        json_export,
        MEGABYTE // 16,
        (*JSON, *every('{"event_params":[', '{"actionDetails":[', before=("[",))),
    ),
    "export in CSV": Parser(csv_export, MEGABYTE // 16, (*SIGNS, *every('"\n', '",', ",\n", '""'))),
    "export of two tables": Parser(
        umami_export, MEGABYTE // 8, every("2026-01-01,2,s,/,e\ne,k,v\n", "e,k,v\n", '"\n', ",,\n")
    ),
    "line of our log": Parser(hide, MEGABYTE, (*SIGNS, *every("://", "password="))),
}
