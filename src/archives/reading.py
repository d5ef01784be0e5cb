"""Reads an archive. It came from outside: sizes are bounded, and what does not fit is refused."""

import zlib
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import Any, cast
from zipfile import BadZipFile, ZipFile

import msgspec
from pydantic import ValidationError

from api.errors import Invalid, listed
from api.validation import problems_of
from archives.manifest import MANIFEST, MOST_MANIFEST_BYTES, ArchivedPart, Manifest

MOST_LINE_BYTES = 4 * 1024 * 1024
"""The longest row. One of a rollup has a bitmap of 16,384 characters."""

MOST_BATCH_BYTES, MOST_BATCH_ROWS = 4 * 1024 * 1024, 2_000
"""A batch ends with the row that makes it as large as this."""

BUFFER_BYTES = 256 * 1024

MOST_VALUES = 10_000
"""The most values in a manifest. That of a site with all the goals and segments that it may have
has some 5,000. Whoever checks them makes a problem of each that is wrong, which is a hundred times
as large as the value."""


class BadArchive(Invalid):
    """This is no archive of a site, or it is damaged."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that is open."""

    file: ZipFile
    manifest: Manifest

    def batches(self, part: ArchivedPart, skipped: int) -> Iterator[list[bytes]]:
        """The rows of a part as lines of JSON, some at a time, without the first ones. Raises
        BadArchive, also where there are fewer or more of them than the manifest says."""
        count = 0
        for batch in batches_of(self.lines(part)):
            count += len(batch)
            if count > part.rows:
                break
            if fresh := batch[max(0, len(batch) - (count - skipped)) :]:
                yield fresh
        if count != part.rows:
            raise BadArchive(f"{part.file} has another number of rows than {part.rows}.")

    def lines(self, part: ArchivedPart) -> Iterator[bytes]:
        """The lines of a part. Raises BadArchive."""
        with damage(part.file), self.file.open(part.file) as packed:
            raw = BufferedReader(packed, BUFFER_BYTES)  # pyright: ignore[reportArgumentType]
            while line := raw.readline(MOST_LINE_BYTES):
                if not line.endswith(b"\n"):
                    raise BadArchive(f"{part.file} has a row that is cut off or too long.")
                yield line


def batches_of(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= MOST_BATCH_BYTES or len(batch) == MOST_BATCH_ROWS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def damage(name: str) -> Generator[None]:
    """Raises BadArchive for what the zip raises."""
    try:
        yield
    except KeyError as error:
        raise BadArchive(f"{name} is missing in the archive.") from error
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadArchive(f"{name} is damaged in the archive.") from error


@contextmanager
def opened(path: Path) -> Generator[Archive]:
    """The archive in a file. Raises BadArchive and FileNotFoundError."""
    try:
        file = ZipFile(path)
    except (BadZipFile, NotImplementedError) as error:
        raise BadArchive(f"{path} is no archive, or not a whole one.") from error
    with file:
        yield Archive(file, manifest_in(file))


def manifest_in(file: ZipFile) -> Manifest:
    """The manifest. Raises BadArchive with all that is wrong with it."""
    with damage(MANIFEST):
        with file.open(MANIFEST) as packed:
            text = packed.read(MOST_MANIFEST_BYTES + 1)
        if len(text) > MOST_MANIFEST_BYTES:
            raise BadArchive(f"{MANIFEST} is too large.")
    try:
        given = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadArchive(f"{MANIFEST} is not JSON.") from error
    if has_too_many_values(given):
        raise BadArchive(f"{MANIFEST} has more than {MOST_VALUES:,} values.")
    try:
        return Manifest.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error.errors(), given, Manifest, "manifest")
        raise BadArchive(f"{MANIFEST} is not valid: {listed(problems)}", problems) from error


def has_too_many_values(given: Any) -> bool:
    """Whether decoded JSON consists of more than MOST_VALUES values, on all levels."""
    count, waiting = 0, [given]
    while waiting and count <= MOST_VALUES:
        inner = values_in(waiting.pop())
        count += len(inner)
        waiting += islice(inner, MOST_VALUES)
    return count > MOST_VALUES


def values_in(value: Any) -> Collection[Any]:
    """The values that an array or an object of JSON consists of."""
    if isinstance(value, dict):
        return cast(dict[str, Any], value).values()
    return cast(list[Any], value) if isinstance(value, list) else ()
