"""The languages of the pages: each has every text, and a page is in one of the reader's."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from api.auth.trail import Action
from dashboard.languages import WORDS, accepted
from dashboard.pages import OWN_PAGES, PAGES
from demo_pages import ask, percent
from processes import Service
from windows import log_in, watched

HERE = Path("src/dashboard")
TEMPLATES = [path for path in sorted((HERE / "templates").glob("*")) if path.stem != "api_docs"]
MODULES = [path for path in sorted((HERE / "static").rglob("*.js")) if path.parent.name != "vendor"]

JOBS = Path("src/api/jobs.py")
JOB = re.compile(r"\bJob\(\"([^\"]+)\"")
"""The title of a background job, which the API has and the account page translates."""

NAMED_OTHERWISE = {Action.BOT_MOVED, Action.ERASED, Action.RETENTION_CHANGED}
"""Actions of the audit log that are not called by their names."""

TEXT = r"'((?:[^'\\]|\\.)*)'"
CALLS = re.compile(rf"\bt\(\s*(?:[^'\"`\s][^?()]*\?\s*)?{TEXT}(?:\s*:\s*{TEXT})?")
IN_TEMPLATES = re.compile(r"\bt\(\"([^\"]*)\"")
PLURALS = re.compile(rf"\bplural\([^,()]*(?:\([^()]*\))?[^,()]*, {TEXT}\)")
VALUE = re.compile(r"\{\w+\}")

BARE = re.compile(
    r">\s*(?!OpenAPI<)[A-Z][a-z]+[^<$`{}]*<"
    r"|\b(?:aria-label|title|label|placeholder|caption|words)=\"[A-Z]"
    r"|\b(?:words|title|empty|means): ['`][A-Z]"
)
"""Text for readers that is not given to `t`."""


def in_words(name: str) -> str:
    """A name of the API as pages show it."""
    return name[:1].upper() + name[1:]


def texts() -> set[str]:
    """Every English text that a page shows."""
    found = {page.title for page in (*PAGES, *OWN_PAGES)}
    for path in MODULES:
        text = path.read_text()
        found |= {one for pair in CALLS.findall(text) for one in pair if one}
        for thing in PLURALS.findall(text):
            found |= {f"{{n}} {thing}", f"{{n}} {thing}s"}
    for path in TEMPLATES:
        found |= {*IN_TEMPLATES.findall(path.read_text())}
    actions = {*Action} - NAMED_OTHERWISE
    found |= {in_words(action.replace("_", " ")) for action in actions}
    found |= {in_words(title) for title in JOB.findall(JOBS.read_text())}
    return found


@pytest.mark.parametrize("language", WORDS)
def test_language_has_every_text_and_no_other(language: str) -> None:
    assert sorted(texts() - WORDS[language].keys()) == []
    assert sorted(WORDS[language].keys() - texts()) == []


@pytest.mark.parametrize("language", WORDS)
def test_translation_keeps_the_values_of_its_text(language: str) -> None:
    for english, words in WORDS[language].items():
        assert sorted(VALUE.findall(words)) == sorted(VALUE.findall(english)), english


@pytest.mark.parametrize("path", [*MODULES, *TEMPLATES], ids=lambda path: path.name)
def test_module_has_no_bare_text(path: Path) -> None:
    code = re.sub(r"^\s*(//|/?\*).*$", "", path.read_text(), flags=re.MULTILINE)
    assert [found.group() for found in BARE.finditer(code)] == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", [""]),
        ("de-AT", ["de"]),
        ("fr;q=0.5, de-DE;q=0.8, en", ["en", "de", "fr"]),
        ("de;q=x, en;q=0.1", ["en", "de"]),
        ("," * 100_000, [""] * 20),
    ],
    ids=["none", "region", "weights", "no number", "many"],
)
def test_languages_of_a_browser_are_ranked(header: str, expected: list[str]) -> None:
    assert accepted(header) == expected


def test_german_browser_gets_german_words_and_numbers(service: Service, browser: Browser) -> None:
    with watched(browser, locale="de-DE") as window:
        window.goto(f"{service.base}/?site=demo&period=7d&compare=off")
        expect(window.locator("html")).to_have_attribute("lang", "de")
        expect(window.locator(".tile .label").first).to_have_text("Besucher")
        expect(window.locator("#sources h2")).to_have_text("Quellen")
        expect(window.get_by_role("link", name="Übersicht").first).to_be_visible()
        totals = ask(service, "timeseries", interval="day")["totals"]
        figures = window.locator(".tile .figure")
        expect(figures.first).to_have_text(f"{totals['visitors']:,}".replace(",", "."))
        bounced = percent(totals["bounce_rate"]).replace(".", ",").replace("%", "\xa0%")
        expect(figures.nth(4)).to_have_text(bounced)
        window.click("#period")
        expect(window.get_by_role("dialog")).to_contain_text("Letzte 30 Tage")


def test_language_is_chosen_in_the_footer_and_kept(service: Service, browser: Browser) -> None:
    with watched(browser) as window:
        log_in(window, service, "/login")
        window.goto(f"{service.base}/?site=demo&period=7d")
        window.get_by_label("Language").select_option("de")
        expect(window.locator("#sources h2")).to_have_text("Quellen")
        window.goto(f"{service.base}/api/realtime?site=demo")
        expect(window.locator("#now-title")).to_have_text("Besucher gerade")
        window.get_by_label("Sprache").select_option("en")
        expect(window.locator("#now-title")).to_have_text("Current visitors")


def test_page_stays_english_where_its_words_cannot_be_loaded(
    service: Service, browser: Browser
) -> None:
    with watched(browser, locale="de-DE") as window:
        window.route("**/languages/de.json", lambda route: route.abort())
        window.goto(f"{service.base}/?site=demo&period=7d")
        expect(window.locator("#sources h2")).to_have_text("Sources")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/settings?site=demo&section=alerts", "Neue Regel"),
        ("/account?section=keys", "Neuer Schlüssel"),
        ("/boards?site=demo", "Für Mitglieder der Website sichtbar"),
        ("/trail", "Angemeldet"),
    ],
)
def test_pages_of_accounts_are_german_too(
    service: Service, browser: Browser, path: str, words: str
) -> None:
    with watched(browser, locale="de-DE") as window:
        log_in(window, service, f"/login?next={quote(path)}")
        expect(window.locator("#main")).to_contain_text(words)
