"""More than five thousand requests that mean no good, each as the bytes that go over the wire.

Generated,
from a seed: the same seed is the same corpus. Where events are hostile they stand between
good ones, and those have to be stored whatever is beside them.
"""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote, quote_from_bytes, urlencode
from uuid import UUID

from hostile.values import (
    ADDRESSES,
    ATTACKS,
    CHARACTERS,
    EPOCHS,
    ESCAPES,
    HEADERS,
    NUMBERS,
    SHAPES,
    TIMES,
    VALUES,
    quoted,
)

FIELDS = (
    "id", "time", "name", "page", "hostname", "title", "referrer", "user_agent", "session_id",
    "visitor_id", "user_id",
    "duration", "revenue", "props", "utm_source", "utm_medium", "utm_campaign", "utm_content",
    "utm_term", "screen",
    "language", "timezone", "interactive", "site",
)  # fmt: skip

SECRETS = (
    "canary.person@mail.example",
    "198.51.100.77",
    "2001:db8:77::77",
    "c4nary7Oken1c4nary7Oken2",
)
"""An e-mail address, addresses and a token: what may be found in no rejected event."""

MACHINES = SECRETS[1:3]

BRACKETS = ((b"[", b"]"), (b'{"page":', b"}"), (b'{"props":{"a":', b"}}"), (b"[{", b"}]"))

JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class Case:
    """One request, and what must come of it besides an answer."""

    family: str
    request: bytes
    good: tuple[str, ...] = ()
    """The ids of events in it that must be stored."""
    events: int | None = None
    """How many events the answer must account for, where that can be said."""
    hangs_up: bool = False
    """The client leaves in the middle, and no answer is owed to it."""


@dataclass(slots=True)
class Forge:
    """Makes the cases of one family."""

    family: str
    random: random.Random

    @property
    def site(self) -> str:
        """A site of their own, so that each family's rejected events can be looked at."""
        return f"hostile-{self.family}"

    def good(self) -> tuple[str, bytes]:
        """An event that nothing is wrong with, and its id."""
        name = str(UUID(int=self.random.getrandbits(128), version=4))
        return name, json.dumps({"site": self.site, "id": name, "page": "/good"}).encode()

    def event(self, **fields: bytes) -> bytes:
        """An event with these fields, each as it stands in JSON."""
        told = {"site": json.dumps(self.site).encode(), "page": b'"/bad"'} | fields
        return b"{%b}" % b",".join(b'"%b":%b' % (k.encode(), v) for k, v in told.items())

    def case(self, request: bytes, **more: object) -> Case:
        """A case of this family."""
        return Case(self.family, request, **more)  # pyright: ignore[reportArgumentType]

    def post(self, body: bytes, *headers: tuple[bytes, bytes], **more: object) -> Case:
        """A POST of this body."""
        return self.case(posted(body, *headers), **more)

    def between(self, *bad: bytes, lines: bool = False) -> Case:
        """Bad events between good ones, as an array or as lines."""
        (first, before), (second, after) = self.good(), self.good()
        return self.batch([before, *bad, after], (first, second), lines)

    def batch(self, parts: Sequence[bytes], good: tuple[str, ...], lines: bool = False) -> Case:
        """Events as lines, or as an array where each of them is JSON. What can be neither is an
        array that is refused as a whole."""
        are_json = all(is_json(part) for part in parts)
        are_lines = all(part.strip() and not {*b"\r\n"} & {*part} for part in parts)
        as_lines = are_lines and (lines or not are_json)
        body = b"\n".join(parts) if as_lines else b"[" + b",".join(parts) + b"]"
        if not as_lines and not are_json:
            return self.post(body, (b"content-type", JSON))
        return self.post(body, (b"content-type", JSON), good=good, events=len(parts))


def is_json(text: bytes) -> bool:
    """Whether this is one value in JSON, which knows no NaN."""
    try:
        json.loads(text, parse_constant=int)
    except (ValueError, RecursionError):
        return False
    return True


def posted(body: bytes, *headers: tuple[bytes, bytes], path: bytes = b"/api/events/") -> bytes:
    """A whole request, whose length is told unless the headers tell another."""
    told = {name.lower() for name, _ in headers}
    length = (
        []
        if told & {b"content-length", b"transfer-encoding"}
        else [(b"content-length", b"%d" % len(body))]
    )
    return head(b"POST", path, *headers, *length) + body


def head(method: bytes, path: bytes, *headers: tuple[bytes, bytes]) -> bytes:
    """The lines above a body."""
    lines = [b"%b: %b" % header for header in ((b"host", b"hostile"), *headers)]
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (method, path, b"\r\n".join(lines))


def fields(forge: Forge) -> Iterator[Case]:
    """Every field with every value, each between good neighbours."""
    for field, value in product(FIELDS, VALUES):
        yield forge.between(forge.event(**{field: value}))


def times(forge: Forge) -> Iterator[Case]:
    """Times that are none, alone and between neighbours."""
    for value in (*quoted(*TIMES), *EPOCHS):
        yield forge.post(forge.event(time=value), events=1)
        yield forge.between(forge.event(time=value))
        yield forge.between(forge.event(time=value, name=b'"engagement"', duration=b"86400"))


def shapes(forge: Forge) -> Iterator[Case]:
    """What is no event at all: alone, among events, and as a line of its own."""
    for value in (*VALUES, *EPOCHS):
        yield forge.post(value)
        if b"," not in value or value[:1] in (b"[", b"{", b'"'):  # else it is several
            yield forge.between(value)
    for value in (*SHAPES, *NUMBERS):
        if b"\n" not in value and value:
            yield forge.between(value, lines=True)


def damage(forge: Forge) -> Iterator[Case]:
    """A good batch, cut off and scratched."""
    body = b"[%b]" % b",".join(forge.good()[1] for _ in range(3))
    for end in range(0, len(body), 3):
        yield forge.post(body[:end])
    for _ in range(300):
        scratched = bytearray(body)
        for _ in range(forge.random.randint(1, 4)):
            scratched[forge.random.randrange(len(body))] = forge.random.randrange(256)
        yield forge.post(bytes(scratched))
    for _ in range(150):
        start, end = sorted(forge.random.sample(range(len(body)), 2))
        yield forge.post(body[:end] + body[start:])
    for _ in range(100):
        yield forge.post(forge.random.randbytes(forge.random.randrange(400)))


def documents(forge: Forge) -> Iterator[Case]:
    """Bodies that are nearly JSON, too much of it, or in another script."""
    good = [forge.good()[1] for _ in range(3)]
    array, lines = b"[%b]" % b",".join(good), b"\n".join(good)
    for mark in (
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x00",
        b"\x1e",
        b"while(1);",
        b")]}'\n",
        b"\x1f\x8b",
        b"\x1f",
    ):
        yield from (forge.post(mark + body) for body in (array, lines, good[0]))
    for script in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037", "shift-jis"):
        yield from (forge.post(body.decode().encode(script)) for body in (array, lines, good[0]))
    for end in (
        b"\n",
        b"\r",
        b"\r\n",
        b"\x00",
        b"\x1e\n",
        b"\x0b",
        b"\x0c",
        b"\x85",
        b"\xe2\x80\xa8",
        b",\n",
        b";",
        b" ",
    ):
        yield forge.post(end.join(good))
        yield forge.post(end.join([*good, b"}{", b"", good[0]]))
    for depth in (2, 3, 4, 63, 64, 65, 127, 128, 511, 512, 1_000, 1_025, 10_000, 100_000, 400_000):
        for opening, closing in BRACKETS:
            if depth * len(opening + closing) < 1_000_000:
                yield forge.post(opening * depth + b"1" + closing * depth)
                yield forge.post(opening * depth)
    for number in (0, 999, 1_000, 1_001, 5_000, 200_000):
        yield forge.post(b"[%b]" % b",".join([b"0"] * number))
        yield forge.post(b"\n".join([b"{}"] * number))
    for size in (32_767, 32_768, 32_769, 1_048_575, 1_048_576, 1_048_577, 3_000_000):
        yield forge.post(b'{"page":"/","title":"'.ljust(size - 2, b"x") + b'"}')
        yield forge.post(good[0].ljust(size))
        yield forge.post(b"[" * size)
        yield forge.post(b"\\" * size)
        yield forge.post(b'"' * size)


def doubles(forge: Forge) -> Iterator[Case]:
    """A field named twice, in another case, or by another name."""
    for field in FIELDS:
        for value in (b"null", b'"/x"', b"1", b"{}"):
            twice = forge.event()[:-1] + b',"%b":%b,"%b":%b}' % (
                field.encode(),
                value,
                field.encode(),
                value,
            )
            yield forge.between(twice)
        for other in (
            field.upper(),
            f" {field}",
            f"{field}\\u0000",
            field.replace("e", "\\u0065"),
            f"${field}",
            f"{field}\u200b",
        ):
            yield forge.between(forge.event(**{other: b'"x"'}))


def packed(forge: Forge) -> Iterator[Case]:
    """Gzip cut off, scratched, in several parts, inside itself, mislabelled, and far too large."""
    name, event = forge.good()
    whole = gzip.compress(b"[%b]" % event, mtime=0)
    label = (b"content-encoding", b"gzip")
    yield forge.post(whole, label, good=(name,), events=1)
    for end in range(len(whole)):
        yield forge.post(whole[:end], label)
        yield forge.post(whole[:end])
    for place in range(len(whole)):
        yield forge.post(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :], label)
    for body in (whole * 2, gzip.compress(whole), whole + b"tail", b"", b"\x1f", b"\x1f\x8b",
    b"\x1f\x8b\x08" + b"\xff" * 7,
                 b"\x1f\x8b\x08\x08" + b"\x00" * 6 + b"n" * 100_000,
                 b"\x1f\x8b\x08\x04" + b"\x00" * 6 + b"\xff\xff", event):  # fmt: skip
        yield forge.post(body, label)
        yield forge.post(body)
    for megabytes, filling in product((2, 20, 60), (b" ", b"\x00", b"[", b'{"page":"/"}\n')):
        yield forge.post(bomb(filling, megabytes), label)
    yield forge.post(gzip.compress(bomb(b" ", 60)), label)
    for encoding in (b"br", b"zstd", b"deflate", b"compress", b"x-gzip", b"GZIP", b" gzip ",
    b"gzip, gzip", b"gzip,br", b"identity", b"",
                     b"*", b"\xff", b"aws-chunked", b"gzip;q=0", b"x" * 5_000):  # fmt: skip
        yield forge.post(whole, (b"content-encoding", encoding))
        yield forge.post(zlib.compress(event), (b"content-encoding", encoding))
        yield forge.post(b"[%b]" % event, (b"content-encoding", encoding))


def bomb(filling: bytes, megabytes: int) -> bytes:
    """Gzip that is a thousand times as large once it is unpacked."""
    press = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    block = filling * (2**20 // len(filling))
    return b"".join(press.compress(block) for _ in range(megabytes)) + press.flush()


def labels(forge: Forge) -> Iterator[Case]:
    """Bodies under labels that say something else."""
    kinds = (
        b"", b"*/*", b"text/plain", b"text/html", b"text/plain;charset=utf-16",
        b"application/json; charset=latin-1", b"application/xml",
        b"application/json;;;", b"application/json\x00", b"\xff",
        b"application/x-www-form-urlencoded", b"application/cbor",
        b"application/x-www-form-urlencoded; charset=\xff", b"APPLICATION/X-WWW-FORM-URLENCODED",
        b"multipart/form-data", b"multipart/",
        b"multipart/form-data; boundary=", b"multipart/form-data; boundary=x",
        b"multipart/mixed; boundary=\xff", b"x" * 6_000, b";", b"/",
        b"application/octet-stream", b"image/gif", b"application/x-ndjson", b"message/http",
        b"application/reports+json",
    )  # fmt: skip
    for kind in kinds:
        event = forge.good()[1]
        for body in (b"[%b]" % event, b"data=%b" % quote_from_bytes(event).encode(),
        b"page=/&site=" + forge.site.encode(), b"", b"&&&==&",
                     b"--x\r\nContent-Disposition: form-data; name=page\r\n\r\n/\r\n--x--",
                     b"<x/>", b"\xff\xfe\x00"):  # fmt: skip
            yield forge.post(body, (b"content-type", kind))


def forms(forge: Forge) -> Iterator[Case]:
    """Forms, field by field, and forms that are none."""
    label = (b"content-type", b"application/x-www-form-urlencoded")
    for field, value in product(FIELDS, (*ATTACKS[:15], *CHARACTERS[::2], *TIMES[::12])):
        body = urlencode({"site": forge.site, "page": "/", field: value}, errors="replace")
        yield forge.post(body.encode(), label)
    for body in (b"=", b"&", b"a", b"page", b"page=/;site=x", b"page=/&page=/2", b"data=",
    b"data=%7B", b"data={}&data={}", b"data=[1,2",
                 b"%", b"%zz=1", b"page=%ff%fe", b"page=\xff", b"page=+%00+",
                 b"props=%7B%22a%22%3A%5B%5D%7D", b"props=[[[[[[",
                 b"duration=1e999", b"revenue=NaN", b"interactive=maybe", b"data=" + b"[" * 50_000,
                 b"a=1&" * 99, b"a=1&" * 101,
                 b"props=" + b"[" * 100_000, b"duration=" + b"1" * 5_000,
                 b"&".join(b"k%d=1" % n for n in range(9_000))):  # fmt: skip
        yield forge.post(body, label)


def headers(forge: Forge) -> Iterator[Case]:
    """A good event under headers that are not."""
    names = (b"x-forwarded-for", b"user-agent", b"cookie", b"authorization", b"accept-language",
    b"referer", b"origin", b"forwarded",
             b"accept-encoding", b"x-forwarded-proto", b"cf-ipcountry", b"range", b"if-none-match",
             b"sec-gpc")  # fmt: skip
    for header, value in product(names, HEADERS):
        yield forge.post(b"[%b]" % forge.good()[1], (header, value))


def framing(forge: Forge) -> Iterator[Case]:
    """Requests whose lengths lie, or that are hardly HTTP."""
    event = forge.good()[1]
    chunked = (b"transfer-encoding", b"chunked")
    lengths = (
        b"-1",
        b"+5",
        b"0",
        b"1",
        b"99999999999999999999",
        b"1048577",
        b"5 5",
        b"0x10",
        b"",
        b"\xff",
        b"1e3",
        b"5,5",
        b"\xd9\xa1",
    )
    for length in lengths:
        yield forge.post(event, (b"content-length", length), hangs_up=True)
        yield forge.post(event, (b"content-length", length), chunked, hangs_up=True)
    for body in (b"", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"-1\r\n",
    b"ffffffffffffffffff\r\n", b"5\r\nhel", b"1;a=b\r\n{\r\n0\r\n\r\n",
                 b"%x\r\n%b\r\n0\r\nX: y\r\n\r\n" % (len(event), event),
                 b"1\r\n{\r\n" * 3_000):  # fmt: skip
        yield forge.post(body, chunked, hangs_up=True)
    for end in range(1, len(event), 7):
        yield forge.case(posted(event)[:-end], hangs_up=True)
    lines = (b"", b"\r\n\r\n", b"GET", b"GET /\r\n\r\n", b"POST /api/events/ HTTP/9.9\r\n\r\n",
    b"POST /api/events/\xff HTTP/1.1\r\n\r\n",
             b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 500,
             b"A" * 70_000, b"GET / HTTP/1.1\r\nA" * 5_000,
             b"POST /api/events/ HTTP/1.1\r\nhost: a\r\n b: c\r\n\r\n",
             b"POST /api/events/ HTTP/1.1\r\nhost : a\r\n\r\n",
             b"POST /api/events/ HTTP/1.1\r\n" + b"a: b\r\n" * 9_000 + b"\r\n",
             b"POST /api/events/ HTTP/1.1\nhost: a\n\n")  # fmt: skip
    yield from (forge.case(line, hangs_up=True) for line in lines)


def pixels(forge: Forge) -> Iterator[Case]:
    """The pixel's query, which anybody can write into a page."""
    site = b"site=" + forge.site.encode()
    texts = (*ATTACKS, *ADDRESSES[::2], *CHARACTERS[::2], *TIMES[::10])
    for field, value in product(FIELDS, texts):
        pair = f"{field}={quote(value.encode(errors='replace'))}".encode()
        yield forge.case(head(b"GET", b"/pixel.gif?page=/&%b&%b" % (site, pair)))
    for query in (b"", b"&", b"=", b"?", b"%", b"%ff", b"page=%ff%fe", b"page=%00", b"page",
    b"page=/&" * 101, b"a" * 9_000, b"page=/;page=/",
                  b"page[]=/", b"page=%ed%a0%80", b"props={}", b"props=%5B%5B", b"duration=1e999",
                  b"\xff\xfe", b"page=/#/", b"site=%00"):  # fmt: skip
        yield forge.case(head(b"GET", b"/pixel.gif?" + query))
        yield forge.case(head(b"GET", b"/pixel.gif?" + query, (b"referer", b"http://[")))


def routes(forge: Forge) -> Iterator[Case]:
    """The door by other names, and with other gestures."""
    event = forge.good()[1]
    paths = (b"/api/events", b"//api/events/", b"/api/events//", b"/api/./events/",
    b"/api/x/../events/", b"/api/events/%2e%2e/", b"/API/EVENTS/",
             b"/api/events/?page=/", b"/api/events/%00", b"/api/events/\xff", b"/api/events/%ff",
             b"/api/events/" + b"a" * 9_000, b"*", b"http://h/api/events/",
             b"/api/events/00000000-0000-0000-0000-000000000000?site=%00",
             b"/api/events/1?site=" + b"x" * 900, b"/api/events/;x", b"/api/events/%2f",
             b"/pixel.gif/", b"/pixel.gif%00", b"/script.js/../../settings.py",
             b"/static/../main.py", b"/static/%2e%2e/main.py", b"/static/\xff")  # fmt: skip
    methods = (
        b"GET",
        b"POST",
        b"PUT",
        b"PATCH",
        b"DELETE",
        b"HEAD",
        b"OPTIONS",
        b"TRACE",
        b"CONNECT",
        b"PROPFIND",
        b"get",
        b"X" * 300,
    )
    for method, path in product(methods, paths):
        length = (b"content-length", b"%d" % len(event))
        yield forge.case(head(method, path, length) + event, hangs_up=True)


def secrets(forge: Forge) -> Iterator[Case]:
    """Events with somebody's address, name or token in them, each refused for another reason."""
    defects: tuple[dict[str, bytes], ...] = (
        {"pgae": b"1"}, {"duration": b"-1"}, {"duration": b"NaN"}, {"props": b"[[[[[]]]]]"},
        {"time": b'"1999-01-01T00:00:00Z"'}, {"title": rb'"\u0000"'},
        {"screen": b'"\xff"'}, {"hostname": b'"%b"' % (b"x" * 40_000)}, {"interactive": b"bare"},
        {"revenue": b"{}"},
    )  # fmt: skip
    carriers = (
        "page",
        "title",
        "referrer",
        "user_agent",
        "visitor_id",
        "user_id",
        "utm_source",
        "ip",
        "email",
        "name",
        "time",
        "props",
        "password",
        "Token",
    )
    forms_of_it = ("{}", "/a/{}/b", "http://h/?mail={}", "http://{}@h/")
    for defect, carrier, secret in product(defects, carriers, SECRETS):
        if carrier in defect or (carrier in ("page", "referrer") and secret in MACHINES):
            continue  # nothing is wrong then; or it is a page's name, and stored as such
        text = forge.random.choice(forms_of_it).format(secret)
        value = json.dumps({"deep": {text: [text]}} if carrier == "props" else text).encode()
        yield forge.between(forge.event(**defect | {carrier: value}))


def crowds(forge: Forge) -> Iterator[Case]:
    """Larger batches, half of them hostile, in any order."""
    bad = [value for value in (*SHAPES, *NUMBERS, *ESCAPES) if len(value) < 3_000]
    for _ in range(150):
        good = [forge.good() for _ in range(forge.random.randint(1, 30))]
        parts = [event for _, event in good]
        for _ in good:
            field, value = forge.random.choice(FIELDS), forge.random.choice(bad)
            parts.append(forge.event(**{field: value}))
        forge.random.shuffle(parts)
        yield forge.batch(parts, tuple(name for name, _ in good))


FAMILIES: Sequence[Callable[[Forge], Iterator[Case]]] = (
    fields, times, shapes, damage, documents, doubles, packed, labels, forms, headers, framing,
    pixels, routes, secrets, crowds,
)  # fmt: skip


def corpus(seed: int) -> list[Case]:
    """All cases of this seed, mixed up, so that every kind meets every other."""
    cases = [
        case
        for family in FAMILIES
        for case in family(Forge(family.__name__, random.Random(f"{seed} {family.__name__}")))
    ]
    random.Random(seed).shuffle(cases)
    return cases


def sites() -> list[str]:
    """The sites that the cases send to."""
    return [Forge(family.__name__, random.Random()).site for family in FAMILIES]
