"""The files of an export, plain, packed or in a zip archive, each as a stream of bytes.

Nothing is unpacked to disk, and no more is in memory than what is being read.
"""

import glob
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, Protocol
from zipfile import BadZipFile, ZipFile, ZipInfo

from api.errors import Invalid, Problem
from api.text import printable
from importing.lines import DAMAGE, LineCutter, unpacked

CHUNK = 262_144

LONGEST_LINE = 1_048_576
"""Bytes; the rest of a longer line is not read."""

MOST_EXPANSION = 200
"""A file that unpacks to more than so many times its size is taken for a bomb."""

FREE_EXPANSION = 64 * 1024 * 1024
"""Bytes that any file may unpack to."""

ZIP = b"PK"

ZIP_DAMAGE = (*DAMAGE, BadZipFile, NotImplementedError, RuntimeError, ValueError)
"""What is raised for an archive that is damaged, encrypted or packed in a way that is not known."""


class Unreadable(Exception):
    """A file that cannot be read (on). What came before has been read."""


class Stream(Protocol):
    """What is read of a file."""

    def read1(self, size: int, /) -> bytes: ...
    def peek(self, size: int, /) -> bytes: ...


class Part(NamedTuple):
    """A file of an export: one on disk, or one inside a zip archive."""

    name: str
    stream: Stream


class Measured:
    """The contents of a packed file. Raises Unreadable once they are far too long for its size."""

    def __init__(self, stream: Stream, raw: BufferedReader) -> None:
        self.stream = stream
        self.raw = raw
        self.size = 0

    def peek(self, size: int) -> bytes:
        """What comes next, which is left where it is."""
        return self.stream.peek(size)

    def read1(self, size: int) -> bytes:
        """What comes next."""
        data = self.stream.read1(size)
        self.size += len(data)
        refuse_bomb(self.size, self.raw.tell())
        return data


def refuse_bomb(size: int, packed: int) -> None:
    """Raises Unreadable for contents of this size that were packed in so few bytes."""
    if size > FREE_EXPANSION and size > MOST_EXPANSION * packed:
        raise Unreadable(f"unpacks to more than {MOST_EXPANSION} times its size")


def find_files(given: Sequence[str]) -> list[str]:
    """The files of these names and patterns, each once, in the order of their names. Raises Invalid
    that lists what is no file."""
    found = {name: [name] if Path(name).is_file() else matches(name) for name in given}
    missing = [name for name, files in found.items() if not files]
    if missing:
        raise Invalid(
            problems=[Problem("files", f"{name}: there is no such file") for name in missing]
        )
    return sorted({file for files in found.values() for file in files})


def matches(pattern: str) -> list[str]:
    return [name for name in glob.glob(pattern, recursive=True) if Path(name).is_file()]


def parts_of(name: str) -> Iterator[Part]:
    """The file, unpacked; of a zip archive all of its members. Each is read before the next one is
    asked for. Raises Unreadable."""
    with open(name, "rb") as raw:
        if raw.peek(len(ZIP)).startswith(ZIP):
            yield from members_of(raw)
        else:
            yield Part(Path(name).name, Measured(unpacked(raw), raw))  # pyright: ignore[reportArgumentType]


def members_of(raw: BufferedReader) -> Iterator[Part]:
    try:
        with ZipFile(raw) as archive:
            members = [one for one in archive.infolist() if is_export(one)]
            # A member is read up to the size that it declares.
            size = sum(member.file_size for member in members)
            refuse_bomb(size, os.fstat(raw.fileno()).st_size)
            for member in members:
                with archive.open(member) as stream:
                    yield Part(printable(member.filename), stream)  # pyright: ignore[reportArgumentType]
    except ZIP_DAMAGE as error:
        raise Unreadable(f"is no archive that can be read: {error}") from error


def is_export(member: ZipInfo) -> bool:
    """Whether a member is a file of the export: neither a folder nor what macOS adds."""
    hidden = Path(member.filename).name.startswith(".") or member.filename.startswith("__MACOSX/")
    return not member.is_dir() and not hidden


def lines_of(stream: Stream) -> Iterator[str]:
    """The lines of a stream, without their ends. Raises Unreadable after the last one that can be
    read; a line without its end is none then."""
    cutter = LineCutter(LONGEST_LINE)
    while chunk := read(stream, CHUNK):
        yield from cutter.cut(chunk)
    yield from cutter.last()


def read(stream: Stream, size: int) -> bytes:
    """The next bytes, none at the end. Raises Unreadable."""
    with telling_damage():
        return stream.read1(size)


def peek(stream: Stream, size: int) -> bytes:
    """The next bytes, at least so many unless the end comes first; they are left where they are.
    Raises Unreadable."""
    with telling_damage():
        return stream.peek(size)


@contextmanager
def telling_damage() -> Generator[None]:
    """Raises Unreadable where a file cannot be read on."""
    try:
        yield
    except ZIP_DAMAGE as error:
        raise Unreadable(f"cannot be read to its end: {error}") from error
