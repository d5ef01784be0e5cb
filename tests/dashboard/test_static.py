"""Data enters the pages as text only, and the pages stay small."""

import re
from pathlib import Path

import pytest

import dashboard

HERE = Path(dashboard.__file__).parent
TEMPLATES = sorted((HERE / "templates").glob("*.html"))
MODULES = sorted((HERE / "static").glob("*.js"))

MOST_SCRIPT_BYTES = 25_200

DANGERS = {
    "markup from text": r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment"
    r"|setHTMLUnsafe|parseHTMLUnsafe|DOMParser|srcdoc)\b|\bdocument\s*\.\s*write",
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
    assert {path.name for path in TEMPLATES} >= {"base.html", "overview.html", "live.html"}
    assert {path.name for path in MODULES} >= {"overview.js", "live.js", "login.js"}


def test_scripts_are_small():
    assert sum(path.stat().st_size for path in MODULES) < MOST_SCRIPT_BYTES


@pytest.mark.parametrize(
    "text",
    [
        "box.innerHTML = row.page",
        "box.outerHTML = ''",
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
