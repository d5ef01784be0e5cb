"""The logs that an import is asked for: files, patterns of files, the standard input."""

import glob
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BufferedReader
from pathlib import Path

from api.errors import Invalid, Problem
from importing.formats.request import Format, Skipped
from importing.formats.table import format_of
from importing.lines import read_first_lines

STANDARD_INPUT = "-"
NEVER = datetime.max.replace(tzinfo=UTC)


def open_log(name: str) -> BufferedReader:
    """The log of this name. The standard input stays open for whoever else reads it."""
    if name == STANDARD_INPUT:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return open(name, "rb")


def find_logs(given: Sequence[str], chosen: Format | None) -> list[str]:
    """The logs of these names and patterns, each once, by the time of their first request: so a
    visit that goes on over midnight is found whatever order the files are named in. Raises
    Invalid that lists what is no file."""
    found = {name: [*names_of(name)] for name in given}
    missing = [name for name, files in found.items() if not files]
    if missing:
        raise Invalid(
            problems=[Problem("files", f"{name}: there is no such file") for name in missing]
        )
    files = {Path(name).resolve(): name for names in found.values() for name in names}
    return sorted(files.values(), key=lambda name: first_time(name, chosen))


def names_of(given: str) -> Iterator[str]:
    if given == STANDARD_INPUT or is_log(given):
        yield given
    else:
        yield from filter(is_log, glob.glob(given, recursive=True))


def is_log(name: str) -> bool:
    """Whether something can be read under this name: a file, or a pipe that has one."""
    return Path(name).exists() and not Path(name).is_dir()


def first_time(name: str, chosen: Format | None) -> datetime:
    """The time of the first request in a log. NEVER, so that it is read last, for a pipe and for a
    log without requests."""
    if name == STANDARD_INPUT or not Path(name).is_file():
        return NEVER
    with open_log(name) as raw:
        lines = read_first_lines(raw)
    found = chosen or format_of(lines)
    return next(times_of(lines, found), NEVER) if found else NEVER


def times_of(lines: Sequence[str], known: Format) -> Iterator[datetime]:
    read = known.reader()
    for line in lines:
        try:
            yield read(line).time
        except Skipped:
            continue
