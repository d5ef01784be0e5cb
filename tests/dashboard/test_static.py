"""Data enters the pages as text only, and the pages stay small."""

import gzip
import re
from pathlib import Path

import pytest

import dashboard
from dashboard.pages import OWN_PAGES, PAGES, Page
from dashboard.routing import PRELOADED

HERE = Path(dashboard.__file__).parent
TEMPLATES = sorted((HERE / "templates").glob("*.html"))
FILES = sorted(path for path in (HERE / "static").rglob("*") if path.suffix in (".js", ".css"))
MODULES = [path for path in FILES if path.suffix == ".js" and path.parent.name != "vendor"]

MOST_BYTES = 100_000
"""Of all scripts and style sheets that a page loads, compressed."""

DANGERS = {
    "markup from text": r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment"
    r"|setHTMLUnsafe|parseHTMLUnsafe|DOMParser|srcdoc|dangerouslySetInnerHTML)\b|\bdocument\s*\.\s*write",
    "code from text": r"\beval\s*\(|\bnew\s+Function\b|\bset(?:Timeout|Interval)\s*\(\s*['\"`]",
}
TEMPLATE_DANGERS = {
    "unescaped": r"\|\s*safe\b|\bMarkup\b|\bautoescape\s+false\b",
    "inline handler": r"<[^>]*\son[a-z]+\s*=",
    "inline script": r"<script(?![^>]*\ssrc=)",
    "inline style": r"<style\b|<[^>]*\sstyle\s*=",
    "script address": r"javascript:",
    "unquoted attribute": r"\s[a-z-]+=\{\{",
}


def offences(text: str, dangers: dict[str, str]) -> list[str]:
    """What is wrong with a text: the name of the danger and where it stands."""
    return [
        f"{name}: {found.group()!r}"
        for name, pattern in dangers.items()
        for found in re.finditer(pattern, text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_make_no_markup_from_data(path: Path):
    assert offences(path.read_text(), DANGERS) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_escape_everything_and_run_nothing_inline(path: Path):
    assert offences(path.read_text(), DANGERS | TEMPLATE_DANGERS) == []


def test_checked_files_include_all_pages():
    assert {path.name for path in TEMPLATES} >= {"base.html", "report.html", "live.html"}
    assert {path.name for path in MODULES} >= {"overview.js", "live.js", "login.js"}


def imported(path: Path) -> set[Path]:
    """The modules that one imports, or the style sheets."""
    names = re.findall(r"(?:from ['\"](?=\.)|@import url\(['\"])([^'\"]+)['\"]", path.read_text())
    return {(path.parent / name).resolve() for name in names}


def styles_of(page: Page) -> set[str]:
    """The style sheets of a page, below `static`."""
    return {"styles/tokens.css", "styles/base.css", "styles/parts.css", page.style}


def loaded(page: Page) -> set[Path]:
    """The scripts and style sheets that a browser loads for a page: what surrounds its own module,
    and what that imports."""
    static = HERE / "static"
    frame = {static / "header.js", static / "theme.js"}
    charts = static.glob("vendor/*.min.*") if page.has_charts else ()
    around = {*charts, *(static / name for name in styles_of(page)), *frame}
    waiting, found = {static / page.module}, around | {static / name for name in PRELOADED}
    while waiting:
        path = waiting.pop()
        found.add(path)
        waiting |= imported(path) - found
    return found


@pytest.mark.parametrize("page", [*PAGES, *OWN_PAGES], ids=lambda page: page.title)
def test_page_loads_less_than_100_kb_compressed(page: Page):
    assert sum(len(gzip.compress(path.read_bytes())) for path in loaded(page)) < MOST_BYTES


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_imported_module_exists(path: Path):
    assert {module for module in imported(path) if not module.is_file()} == set()


def test_every_library_has_its_licence():
    vendor = HERE / "static" / "vendor"
    listed = (vendor / "README.md").read_text()
    for path in vendor.iterdir():
        assert path.name.startswith("LICENSE.") or path.name in listed or path.name == "README.md"
    assert {path.name for path in vendor.glob("LICENSE.*")} == {
        f"LICENSE.{name}" for name in ("preact", "htm", "uplot", "uqr", "world-atlas")
    }


@pytest.mark.parametrize(
    "text",
    [
        "box.innerHTML = row.page",
        "box.outerHTML = ''",
        "<p dangerouslySetInnerHTML=${{ __html: page }} />",
        "box.insertAdjacentHTML('beforeend', page)",
        "document.write(page)",
        "setTimeout('go()', 5)",
        "{{ page | safe }}",
        "{{ page|safe }}",
        '<img src="x" onerror="go()">',
        '<a\n  href="/" onclick = "go()">',
        "<script>go()</script>",
        '<script type="module">go()</script>',
        '<p style="width: 3%">',
        '<a href="javascript:go()">',
        "<a href={{ page }}>",
    ],
)
def test_each_dangerous_construct_is_detected(text: str):
    assert offences(text, DANGERS | TEMPLATE_DANGERS) != []
