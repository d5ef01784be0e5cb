"""Files of exports that are damaged or made to do harm: refused or skipped, with counts."""

import bz2
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import Invalid
from importing.formats.request import Skipped
from importing.products import files, rows
from importing.products.files import Part, Unreadable, find_files, lines_of, parts_of
from importing.products.ga4 import read_ga4
from importing.products.json_array import LONGEST_ENTRY, array_entries
from importing.products.rows import csv_table, json_rows

MEBIBYTE = 1024 * 1024

TABLE = b"a,b\n1,2\n3,4\n"


def part(data: bytes) -> Part:
    """A file with these contents."""
    return Part("data", io.BufferedReader(io.BytesIO(data)))  # pyright: ignore[reportArgumentType]


def table_rows(data: bytes) -> list[dict[str, str] | str]:
    """The rows of a table, and why others are none."""
    found = csv_table(part(data).stream).rows
    return [str(row) if isinstance(row, Skipped) else row for row in found]


def entries(data: bytes) -> list[Any]:
    """The entries of JSON, and why others are none."""
    found = json_rows(part(data).stream, dict[str, Any])
    return [str(row) if isinstance(row, Skipped) else row for row in found]


class InPieces:
    """A stream that gives some bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self.stream = io.BytesIO(data)
        self.size = size

    def read1(self, size: int) -> bytes:
        """The next bytes."""
        return self.stream.read(min(size, self.size))

    def peek(self, size: int) -> bytes:
        """Never asked for."""
        raise NotImplementedError


def zip_of(file: Path, **members: bytes) -> Path:
    """An archive of these members."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file


def read_all(file: Path) -> dict[str, bytes]:
    """The contents of each part of a file."""
    return {part.name: "\n".join(lines_of(part.stream)).encode() for part in parts_of(str(file))}


def lines_up_to_end(file: Path) -> tuple[list[str], str]:
    """The lines of a file, and why there are no more; '' at its end."""
    lines = list[str]()
    try:
        for part in parts_of(str(file)):
            lines.extend(lines_of(part.stream))
    except Unreadable as error:
        return lines, str(error)
    return lines, ""


def test_names_that_are_no_files_are_refused_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(TABLE)
    with pytest.raises(Invalid) as refused:
        find_files([f"{tmp_path}/*.csv", "none.csv", str(tmp_path), "none*.zip"])
    assert [problem.problem for problem in refused.value.problems] == [
        "none.csv: there is no such file",
        f"{tmp_path}: there is no such file",
        "none*.zip: there is no such file",
    ]
    assert find_files([f"{tmp_path}/*.csv", f"{tmp_path}/a.csv"]) == [f"{tmp_path}/a.csv"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_bomb_is_refused_before_it_is_unpacked(
    pack: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FREE_EXPANSION", MEBIBYTE)
    file = tmp_path / "bomb"
    file.write_bytes(pack((b"a" * 999 + b"\n") * 8_000))
    lines, end = lines_up_to_end(file)
    assert "unpacks to more than 200 times its size" in end
    assert 2 * len(lines) < 8_000


def test_zip_bomb_is_refused_by_the_sizes_that_it_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FREE_EXPANSION", MEBIBYTE)
    many = {f"imported_{number}.csv": bytes(MEBIBYTE) for number in range(9)}
    file = zip_of(tmp_path / "bomb.zip", **many)
    with pytest.raises(Unreadable, match="200 times its size"):
        list(parts_of(str(file)))


@pytest.mark.parametrize("kept", [10, 60, -30])
def test_cut_off_zip_is_no_archive(kept: int, tmp_path: Path) -> None:
    file = zip_of(tmp_path / "export.zip", data=TABLE * 20)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(Unreadable, match="is no archive that can be read"):
        read_all(file)


def test_member_with_wrong_checksum_cannot_be_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("data", TABLE)
    file.write_bytes(file.read_bytes().replace(b"3,4", b"3,5"))
    with pytest.raises(Unreadable, match="cannot be read to its end"):
        read_all(file)
    with pytest.raises(Unreadable, match="cannot be read to its end"):
        [*map(csv_table, (one.stream for one in parts_of(str(file))))]


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    file = zip_of(tmp_path / "export.zip", data=TABLE)
    data = bytearray(file.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    file.write_bytes(data)
    with pytest.raises(Unreadable, match="encrypted"):
        read_all(file)


def test_members_are_read_without_folders_and_hidden_files(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("in")
        for name in ("in/a.csv", "in/.hidden", "__MACOSX/a.csv", "../b.csv"):
            archive.writestr(name, TABLE)
    assert read_all(file) == {name: TABLE.rstrip() for name in ("in/a.csv", "../b.csv")}
    assert not (tmp_path.parent / "b.csv").exists()


def test_names_of_members_are_harmless_on_a_terminal(tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("\x1b]0;owned\x07\u202egpj.csv", TABLE)
    assert [*read_all(file)] == ["?]0;owned??gpj.csv"]


def test_cut_off_gzip_gives_whole_lines_and_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "data.gz"
    file.write_bytes(gzip.compress(b"".join(b"%d\n" % n for n in range(100_000)))[:-100])
    lines, end = lines_up_to_end(file)
    assert "cannot be read to its end" in end
    assert lines == [str(number) for number in range(len(lines))]


@pytest.mark.parametrize("data", [b"", b"\n\n", b'"'])
def test_file_without_heading_is_no_table(data: bytes) -> None:
    with pytest.raises(Unreadable):
        csv_table(part(data).stream).require(["a", "b"])


def test_missing_columns_are_named() -> None:
    with pytest.raises(Unreadable, match="has no column c, d"):
        csv_table(part(TABLE).stream).require(["d", "a", "c"])


def test_table_may_begin_with_mark_and_end_without_newline() -> None:
    assert table_rows(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,\\N") == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": ""},
    ]


def test_row_with_other_number_of_fields_is_skipped_alone() -> None:
    data = b'a,b\n1\n1,2,3\n1,"2\n\n3"\n\0,\xff\n'
    assert table_rows(data) == [
        *("malformed", "malformed"),
        {"a": "1", "b": "2\n\n3"},
        {"a": "\0", "b": "\ufffd"},
    ]


@pytest.mark.parametrize("filling", [b"x\n", b'x","x\n', b"x" * 500_000 + b"\n"])
def test_quote_that_is_never_closed_costs_bounded_memory(filling: bytes) -> None:
    size = rows.LONGEST_ROW * 5 // 4
    data = b'a,b\n1,2\n1,"' + filling * (size // len(filling)) + b'"\n3,4\n'
    found = table_rows(data)
    assert found[0] == {"a": "1", "b": "2"}
    # The row ends at the bound, and what follows is read as rows of its own.
    assert found.count("malformed") > 1


def test_lines_of_json_that_cannot_be_read_are_skipped_alone() -> None:
    deep = b"[" * 100_000
    data = b'{"a": 1}\n\nno\n{"a":\n' + deep + b'\n{"a": "\\ud800"}\n[1]\n{"a": 2}'
    found = entries(data)
    assert [found[0], found[-1]] == [{"a": 1}, {"a": 2}]
    assert set(map(str, found[1:-1])) == {"malformed"}


def test_array_is_read_entry_by_entry() -> None:
    told = [{"a": number, "b": {"c": [1.5, None, "x"]}} for number in range(1000)]
    found = entries(b"\xef\xbb\xbf \n" + json.dumps(told).encode())
    assert [entry["a"] for entry in found] == [*range(1000)]
    assert entries(b'[1, {"a": 2}, "x", [], null]') == [
        *("malformed", {"a": 2}, "malformed", "malformed", "malformed"),
    ]


def test_numbers_of_array_that_are_too_long_are_skipped_alone() -> None:
    digits = b"9" * 100_000
    told = [b'{"a": 1}', digits, b"1." + digits, b"1e" + digits, b'{"a": %s}' % digits, b'{"a": 2}']
    found = entries(b"[" + b",".join(told) + b"]")
    assert found == [{"a": 1}, *["malformed"] * 4, {"a": 2}]


@pytest.mark.parametrize("number", ["9" * 400, str(2**63), "1e400", "inf", "nan", "x"])
def test_row_with_number_that_is_none_is_skipped_alone(number: str) -> None:
    def row(value: str) -> dict[str, Any]:
        param = {"key": "engagement_time_msec", "value": {"int_value": value}}
        named = {"event_name": "user_engagement", "user_pseudo_id": "a", "event_params": [param]}
        return named | {"event_timestamp": 1_700_000_000_000_000}

    found = read_ga4(part(json.dumps([row("5"), row(number), row("7")]).encode()))
    kinds = [str(entry) if isinstance(entry, Skipped) else "found" for entry in found]
    assert kinds == ["found", "malformed", "found"]


@pytest.mark.parametrize("deep", [b"[", b'{"a":', b'[{"a":['])
def test_array_that_is_nested_deeply_ends_the_reading(deep: bytes) -> None:
    found = json_rows(part(b'[{"a": 1},' + deep * 100_000).stream, dict[str, Any])
    assert next(found) == {"a": 1}
    with pytest.raises(Unreadable, match="nested too deeply"):
        next(found)


@given(
    st.lists(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\n ", "\t: ")]),
    st.integers(1, 9),
    st.booleans(),
)
def test_array_is_cut_like_whole_text_is_read(
    told: list[Any], signs: tuple[str, str], size: int, as_bytes: bool
) -> None:
    text = json.dumps(told, separators=signs, ensure_ascii=as_bytes).encode("utf-8", "replace")
    found = [*array_entries(InPieces(text, size))]
    assert [json.loads(entry) for entry in found] == json.loads(text)


@pytest.mark.parametrize("end", [b"", b'{"a": ', b"}", b'{"a": nope}]', b"\xff"])
def test_array_that_is_damaged_gives_what_came_before(end: bytes) -> None:
    found = json_rows(part(b'[{"a": 1}, {"a": 2},' + end).stream, dict[str, Any])
    assert [next(found), next(found)] == [{"a": 1}, {"a": 2}]
    with pytest.raises(Unreadable, match="is not JSON to its end"):
        next(found)


@pytest.mark.parametrize("entry", [b'{"a": "%s"}', b'{"a": [%s]}'])
def test_entry_of_array_that_is_too_long_ends_the_reading(entry: bytes) -> None:
    filling = b"1," * (3 * LONGEST_ENTRY // 2)
    stream = part(b'[{"a": 1},' + entry % filling + b"]").stream
    with pytest.raises(Unreadable, match="an entry of more than"):
        list(json_rows(stream, dict[str, Any]))
