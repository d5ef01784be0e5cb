"""From a request to the bytes of its events: plain or gzip; JSON under any content type, or a form.

A browser posts text/plain to any origin without a preflight request; sendBeacon sends strings,
blobs and forms. So the format of a body is detected by its first bytes, not by its content type.
"""

import zlib
from collections.abc import AsyncIterator, Iterable
from urllib.parse import parse_qsl

import msgspec
from fastapi import Request
from msgspec import Raw
from starlette.requests import ClientDisconnect

from api.body_limit import discard, refuse_announced, too_large
from api.errors import AnalyticsError, Malformed, Problem, UnsupportedMedia
from api.events.models import EventIn
from api.events.receive.parse import LINES
from api.text import replace_surrogates

MAX_BODY_BYTES = 1024 * 1024
"""For a body, before and after decompression."""

ENCODINGS = ("identity", "gzip")
GZIP_MAGIC = b"\x1f\x8b"
MAX_FORM_FIELDS = 100

FORM = "application/x-www-form-urlencoded"

ALLOWED = ("application/json", LINES, "text/plain", FORM)

NOT_TEXT = ("duration", "interactive", "props", "revenue", "sent_at")
"""Fields of a form whose text is JSON, or may be."""


async def read_body(request: Request, content_type: str) -> bytes:
    """The body, decompressed, as JSON. Raises TooLarge, UnsupportedMedia or Malformed."""
    chunks = request.stream()
    try:
        refuse_unreadable(request, content_type)
        body = await unpacked(chunks)
    except AnalyticsError:
        await discard(request, chunks)
        raise
    return as_json(body, content_type)


def refuse_unreadable(request: Request, content_type: str) -> None:
    """Raises UnsupportedMedia or TooLarge for headers of a body that need not be read."""
    if content_type.startswith("multipart/"):
        problem = "forms with files (multipart) are not supported"
        raise UnsupportedMedia(problems=[Problem("content-type", problem, ALLOWED)])
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ENCODINGS:
        problem = Problem("content-encoding", "is not supported", ENCODINGS)
        raise UnsupportedMedia(problems=[problem])
    refuse_announced(request, MAX_BODY_BYTES)


async def unpacked(chunks: AsyncIterator[bytes]) -> bytes:
    """The decompressed body. Raises TooLarge when it, or the body as sent, is too long, and
    Malformed when the body is incomplete."""
    unpack = Unpacking()
    body = bytearray()
    received = 0
    try:
        async for chunk in chunks:
            received += len(chunk)
            body += unpack(chunk, MAX_BODY_BYTES - len(body) + 1)
            if received > MAX_BODY_BYTES or len(body) > MAX_BODY_BYTES:
                raise too_large(MAX_BODY_BYTES)
    except ClientDisconnect:
        raise Malformed("The body is incomplete.") from None
    body += unpack.end()
    return bytes(body)


class Unpacking:
    """Decompresses gzip as it arrives and returns anything else unchanged. Gzip is detected by its
    first bytes, because some SDKs do not label it."""

    def __init__(self) -> None:
        self.start: bytes = b""
        self.inflate: zlib._Decompress | None = None  # pyright: ignore[reportPrivateUsage]
        self.is_plain = False

    def __call__(self, chunk: bytes, most: int) -> bytes:
        """The next part of the body: at most `most` bytes of decompressed data, so that a
        decompression bomb costs no memory."""
        if self.is_plain:
            return chunk
        if self.inflate is None:
            chunk = self.start + chunk
            if len(chunk) < len(GZIP_MAGIC):
                self.start = chunk
                return b""
            if not chunk.startswith(GZIP_MAGIC):
                self.is_plain = True
                return chunk
            self.inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        if self.inflate.eof:
            return b""  # data after the end is ignored
        try:
            return self.inflate.decompress(self.inflate.unconsumed_tail + chunk, most)
        except zlib.error as error:
            raise Malformed("The gzip data of the body is invalid.") from error

    def end(self) -> bytes:
        """The rest of the body, after its last chunk. Raises Malformed for incomplete gzip data."""
        if self.inflate and not self.inflate.eof:
            raise Malformed("The gzip data of the body is incomplete.")
        return b"" if self.is_plain or self.inflate else self.start


def as_json(body: bytes, content_type: str) -> bytes:
    """The body itself, or the event in a form as JSON."""
    if not content_type.startswith(FORM) or body.lstrip()[:1] in (b"{", b"["):
        return body
    fields = form_fields(body.decode("utf-8", "replace"))
    return fields["data"].encode() if fields.keys() == {"data"} else form_event(fields.items())


def form_fields(text: str) -> dict[str, str]:
    """The fields of a form or a query. Raises Malformed when there are too many."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError as error:
        raise Malformed(f"A form has at most {MAX_FORM_FIELDS} fields.") from error


def form_event(fields: Iterable[tuple[str, str]]) -> bytes:
    """An event in JSON, from fields that are all text."""
    return msgspec.json.encode({key: typed(key, value) for key, value in fields})


def typed(key: str, value: str) -> str | Raw:
    """The value of a form's field. Text that should be JSON but is not is rejected later."""
    if key not in NOT_TEXT:
        return replace_surrogates(value)
    try:
        return msgspec.json.decode(value.encode("utf-8", "replace"), type=Raw)
    except (msgspec.MsgspecError, RecursionError):
        return replace_surrogates(value)


def pixel_event(query: str, referrer: str) -> bytes:
    """The event in the query of the pixel; its page is the referrer unless the query has one.
    Unknown parameters, such as those that prevent caching, are ignored."""
    fields = {"page": referrer} | form_fields(query)
    return form_event((key, fields[key]) for key in EventIn.__struct_fields__ if key in fields)
