"""Questions are .sql files: valid as they stand, with slots that only fragments fill."""

import re
from pathlib import Path

import psycopg
import pytest

from api.db.database import Database
from api.db.sql_files import PARAMETER, Fragment, driver_form, read, statement
from conftest import EVERY_REPORT

SRC = Path(__file__).parents[3] / "src"
FILES = sorted(SRC.rglob("*.sql"))
QUESTIONS = [path for path in FILES if not path.stem.endswith("_part")]
"""A part is tried in the files that include it."""

KEYWORDS = re.compile(r"\b(SELECT|FROM|WHERE|AND|OR|JOIN|GROUP BY|ORDER BY|INSERT|UPDATE|DELETE)\b")

RESTATED = re.compile(r"16384|16383|>> 14|\.started between \w+\.time|2000-01-03")
"""Constants and conditions for which the first migration has functions, e.g. visit_reaches."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sql_file_begins_with_comment(path: Path) -> None:
    assert path.read_text().startswith("-- ")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_sql_files_have_one_style(path: Path) -> None:
    text = path.read_text()
    lines, code = text.splitlines(), read(path)
    assert not [line for line in lines if len(line) > 100]
    assert not [line for line in lines if (len(line) - len(line.lstrip(" "))) % 4]
    assert "\t" not in text
    assert "cast(" not in code, "x::type is how a cast is written"
    assert not KEYWORDS.search(code)
    assert not RESTATED.search(code)


def test_slot_missing_in_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "question.sql"
    file.write_text("select /*a*/ 1 /*end*/")
    with pytest.raises(KeyError, match="no slot"):
        statement(file, {"b": Fragment("2")})


def test_slots_keep_default_or_take_fragment(tmp_path: Path) -> None:
    file = tmp_path / "question.sql"
    file.write_text("-- :no 100 %\nselect /*a*/ x /*end*/, :b::int, '%', /* c */ :d")
    assert "".join(statement(file).text.split()) == "selectx,%(b)s::int,'%%',%(d)s"
    filled = statement(file, {"a": Fragment("y = :z", {"z": 1})})
    assert "".join(filled.text.split()) == "selecty=%(z)s,%(b)s::int,'%%',%(d)s"
    assert filled.values == {"z": 1}


def test_every_report_has_its_sql_file() -> None:
    names = {f"{path.parent.name}/{path.name}" for path in QUESTIONS}
    for report in EVERY_REPORT:
        totals = report.totals.variants if report.totals else ()
        variants = (*report.rows.variants, *totals)
        assert {variant.file for variant in variants} <= names


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
async def test_every_sql_file_is_valid_with_default_slots(path: Path, database: Database) -> None:
    """PostgreSQL parses and plans it with no slot filled."""
    if path.stem.startswith("copy_"):
        pytest.skip("COPY cannot be prepared; every test that sends an event runs it")
    text = read(path)
    if path.stem == "begin_snapshot":
        pytest.skip("two statements; every export runs them")
    if path.stem.startswith("copied_"):
        pytest.skip("only connections for copies have these tables; test_copies runs them")
    if "timescaledb_information" in text and not database.engine.hypertables:
        pytest.skip("only TimescaleDB has these views")
    names = list(dict.fromkeys(PARAMETER.findall(text)))
    numbered = PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text)
    async with await database.connect() as connection:
        try:
            await connection.execute(f"prepare question as {numbered}".encode())
        except psycopg.errors.IndeterminateDatatype:
            # Only psycopg, which sends a type with some values, can say what this one is.
            nulls = dict.fromkeys(names)
            await connection.execute(f"explain {driver_form(text)}".encode(), nulls)
