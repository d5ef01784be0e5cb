"""The lines of a log, plain or packed, as they come.

How a log is packed is told by its first bytes, never by its name. Lines are handed over as soon as
nothing more is there to read, so those of a log that is still being written do not wait.
"""

import bz2
import gzip
import lzma
import select
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from io import BufferedIOBase, BufferedReader
from typing import Any

import anyio

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LONGEST_LINE = 65_536
"""Bytes; the rest of a longer line is not read."""

CHUNK = 262_144
BATCH = 2_000

UNPACKED_BY: dict[bytes, Callable[[Any], BufferedIOBase]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": zstd.ZstdFile,
}
"""What unpacks a log, by its first bytes."""

DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError)
"""What is raised when a log cannot be read on."""


class DamagedLog(Exception):
    """A log whose end cannot be read. What came before it has been."""


class LineCutter:
    """Cuts chunks of bytes into lines. Bytes that are no UTF-8 are replaced."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self.longest = longest
        """Bytes; the rest of a longer line is not read."""
        self.rest = b""
        """The beginning of a line whose end has not come."""

    def cut(self, chunk: bytes) -> list[str]:
        """The lines that end in this chunk."""
        *whole, rest = (self.rest + chunk).split(b"\n")
        self.rest = rest[: self.longest]
        return [text_of(line[: self.longest]) for line in whole]

    def last(self) -> list[str]:
        """The last line, if it has no end."""
        return [text_of(self.rest)] if self.rest else []


def text_of(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


async def read_batches(raw: BufferedReader) -> AsyncIterator[list[str]]:
    """The lines of a log in batches: of about BATCH, or of what there is when the input pauses.
    Raises DamagedLog after the last line that can be read; a line without its end is none."""
    cutter, lines = LineCutter(), list[str]()
    try:
        async for chunk in read_chunks(raw):
            lines += cutter.cut(chunk)
            if len(lines) >= BATCH or not is_ready(raw):
                yield lines
                lines = []
    except DAMAGE as error:
        yield lines
        raise DamagedLog(f"cannot be read to its end: {error}") from error
    yield lines + cutter.last()


def read_first_lines(raw: BufferedReader) -> list[str]:
    """The lines in the first chunk of a file on disk; none of one that cannot be read."""
    try:
        return LineCutter().cut(unpacked(raw).read1(CHUNK))
    except DAMAGE:
        return []


async def read_chunks(raw: BufferedReader) -> AsyncIterator[bytes]:
    await wait_for_input(raw)
    stream = unpacked(raw)
    while chunk := stream.read1(CHUNK):
        yield chunk
        await wait_for_input(raw)


def unpacked(raw: BufferedReader) -> BufferedIOBase:
    """The contents of a log."""
    first = raw.peek(max(map(len, UNPACKED_BY)))
    known = (unpack for magic, unpack in UNPACKED_BY.items() if first.startswith(magic))
    unpack = next(known, None)
    return unpack(raw) if unpack else raw


def is_ready(raw: BufferedReader) -> bool:
    """Whether there is something to read, or the end; of a file on disk always."""
    return bool(select.select([raw], [], [], 0)[0])


async def wait_for_input(raw: BufferedReader) -> None:
    if not is_ready(raw):
        await anyio.wait_readable(raw)
