"""The lines of a log as they come: packed or not, damaged or not, in pieces."""

import asyncio
import bz2
import gzip
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_lines import log_line

from api.errors import Invalid
from importing.files import find_logs
from importing.formats.table import format_called
from importing.lines import CHUNK, LONGEST_LINE, DamagedLog, LineCutter, read_batches, zstd

TEXT = b"".join(b"line %d\n" % number for number in range(30_000))
LINES = TEXT.decode().split("\n")[:-1]
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}


async def lines_of(path: Path) -> tuple[list[str], str]:
    """The lines that can be read of a file, and what is wrong with it."""
    lines: list[str] = []
    with path.open("rb") as raw:
        try:
            async for batch in read_batches(raw):
                lines += batch
        except DamagedLog as error:
            return lines, str(error)
    return lines, ""


def test_missing_files_are_refused_with_all_names(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text("x\n")
    missing = [str(tmp_path / name) for name in ("none.log", "none*.gz")]
    with pytest.raises(Invalid) as error:
        find_logs([*missing, str(tmp_path / "access.log"), str(tmp_path)], None)
    assert [one.problem for one in error.value.problems] == [
        f"{name}: there is no such file" for name in [*missing, str(tmp_path)]
    ]


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
async def test_log_that_was_cut_off_is_read_as_far_as_it_goes(kind: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    packed = PACKED[kind](TEXT) + PACKED[kind](TEXT)
    log.write_bytes(packed[: len(packed) * 3 // 4])
    lines, problem = await lines_of(log)
    assert lines[: len(LINES)] == LINES
    assert [*LINES, *LINES][: len(lines)] == lines, "a line without its end is none"
    assert problem.startswith("cannot be read to its end: ")


async def test_bytes_after_gzip_member_are_reported(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(gzip.compress(TEXT) + b"garbage")
    lines, problem = await lines_of(log)
    assert lines == LINES
    assert problem.startswith("cannot be read to its end: ")


async def test_changed_bytes_in_gzip_are_reported(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    packed = bytearray(gzip.compress(TEXT))
    packed[len(packed) // 2] ^= 0xFF
    log.write_bytes(packed)
    lines, problem = await lines_of(log)
    assert len(lines) < 2 * len(LINES)
    assert problem.startswith("cannot be read to its end: ")


async def test_zstandard_that_is_none_is_reported(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"\x28\xb5\x2f\xfd rest")
    lines, problem = await lines_of(log)
    assert lines == []
    assert problem.startswith("cannot be read to its end: ")
    assert find_logs([str(log)], None) == [str(log)]


@pytest.mark.parametrize("name", ["access.log", "access.log.gz", "access.log.bz2"])
@pytest.mark.parametrize("kind", PACKED)
async def test_log_is_unpacked_by_its_first_bytes(kind: str, name: str, tmp_path: Path) -> None:
    log = tmp_path / name
    log.write_bytes(PACKED[kind](TEXT))
    assert await lines_of(log) == (LINES, "")


@pytest.mark.parametrize("kind", PACKED)
async def test_several_packed_parts_are_one_log(kind: str, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(PACKED[kind](TEXT[:1003]) + PACKED[kind](TEXT[1003:]))
    assert await lines_of(log) == (LINES, "")


async def test_empty_log_has_no_lines(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.touch()
    assert await lines_of(log) == ([], "")


async def test_long_line_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"a" * (5 * CHUNK) + b"\nb\n" + b"c" * (LONGEST_LINE + 1))
    assert await lines_of(log) == (["a" * LONGEST_LINE, "b", "c" * LONGEST_LINE], "")


@settings(max_examples=100, deadline=None)
@given(chunks=st.lists(st.binary(max_size=30)))
def test_lines_do_not_depend_on_where_chunks_end(chunks: list[bytes]) -> None:
    cutter, whole = LineCutter(), LineCutter()
    pieces = [line for chunk in chunks for line in cutter.cut(chunk)] + cutter.last()
    assert pieces == whole.cut(b"".join(chunks)) + whole.last()


async def test_line_is_handed_over_when_pipe_pauses() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as raw, open(writing, "wb", buffering=0) as pipe:
        batches = read_batches(raw)
        for text in (b"one\ntwo\nthr", b"ee\n"):
            pipe.write(text)
            batch = await asyncio.wait_for(anext(batches), 60)
            assert batch == {b"one\ntwo\nthr": ["one", "two"], b"ee\n": ["three"]}[text]
        pipe.write(b"last")
        pipe.close()
        assert [line async for batch in batches for line in batch] == ["last"]


def test_files_are_read_once_in_order_of_time(tmp_path: Path) -> None:
    files = {
        "access.log": "\n\ngarbage\n" + log_line(3, "00:05:00"),
        "access.log.1": log_line(2, "10:00:00"),
        "access.log.2.gz": log_line(1, "10:00:00"),
        "access.log.empty": "",
    }
    for name, text in files.items():
        packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (tmp_path / name).write_bytes(packed)
    (tmp_path / "folder").mkdir()
    names = [f"access.log{end}" for end in (".2.gz", ".1", "", ".empty")]
    expected = [str(tmp_path / name) for name in names]
    assert find_logs([str(tmp_path / "*")], None) == expected
    given = [str(tmp_path / "access.log"), str(tmp_path / "*"), str(tmp_path / "access.log.1")]
    found = find_logs(given, format_called("combined"))
    assert found == expected
