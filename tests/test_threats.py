"""The table of threats: each has a row, and the tests that hold it exist."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(?:(\w+)::)?(test_\w+)`")
"""A test as documents name it: file, class if it is in one, function."""

PINNED = re.compile(r"[\w.-]+(\[[\w,]+\])?==[\w.]+( ; [^;]+)?")
"""A library of exactly one version, for some systems only."""


@cache
def functions_of(file: str) -> frozenset[tuple[str, str]]:
    """The tests of a file: class or '', and function."""
    found: set[tuple[str, str]] = set()
    for node in ast.parse((ROOT / file).read_text()).body:
        group = node.name if isinstance(node, ast.ClassDef) else ""
        for inner in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                found.add((group, inner.name))
    return frozenset(found)


def rows_of(document: str) -> dict[str, str]:
    """The rows of a table by the number of their threat."""
    lines = (ROOT / "docs" / document).read_text().splitlines()
    return {line.split("|")[1].strip(): line for line in lines if line.startswith("| T")}


def test_every_threat_has_row_that_names_its_tests() -> None:
    rows = rows_of("threats.md")
    assert list(rows) == [f"T{number}" for number in range(1, 48)]
    assert [number for number, row in rows.items() if not NAMED.search(row)] == []


def test_tests_that_documents_of_security_name_exist() -> None:
    for document in ("threats.md", "security.md"):
        named = NAMED.findall((ROOT / "docs" / document).read_text())
        assert len(named) > 30, document
        assert not [
            f"{file}::{group}::{name}"
            for file, group, name in named
            if not (ROOT / file).exists() or (group, name) not in functions_of(file)
        ]


def test_every_library_and_image_has_one_version() -> None:
    for file in ("requirements.txt", "tests/requirements.txt"):
        lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
        wanted = [line for line in lines if line and not line.startswith("-r ")]
        assert [line for line in wanted if not PINNED.fullmatch(line)] == []
        assert wanted
    named = (ROOT / "compose.yaml").read_text() + (ROOT / "Dockerfile.web").read_text()
    images = re.findall(r"^\s*(?:image:|FROM) (\S+)$", named, re.MULTILINE)
    assert len(images) == 2
    assert [image for image in images if not re.search(r":\d[\w.-]+$", image)] == []


def test_container_has_no_rights_that_it_does_not_need() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    (web,) = re.findall(r"^  web:\n(.*?)^volumes:", compose, re.MULTILINE | re.DOTALL)
    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert re.search(rf"^    {re.escape(line)}$", web, re.MULTILINE), line
    ports = re.findall(r"^    ports:\n((?:      .*\n)+)", compose, re.MULTILINE)
    assert ports == ['      - "127.0.0.1:${PORT:-8002}:8002"\n'], "the database has no port"
    image = (ROOT / "Dockerfile.web").read_text()
    (user,) = re.findall(r"^USER (\S+)$", image, re.MULTILINE)
    assert int(user) > 0
    assert image.index("USER ") < image.index("CMD "), "the service runs as this user"
