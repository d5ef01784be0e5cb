"""What is served and what is published: small, built from its sources, fit for old browsers."""

import hashlib
import json
import re
import subprocess
import tomllib
from typing import Any

import esprima
import pytest
from playwright.sync_api import Page
from stage import SERVED, STAGE, TRACKER, Site, names

from processes import ROOT
from tracker.routing import CORE, VITALS, WHOLE

SCRIPTS = [script.name for script in SERVED.values()]
SOURCES = [path.name for path in TRACKER.glob("*.js") if path.name not in SCRIPTS]
BUNDLER = TRACKER / "node_modules" / ".bin" / "esbuild"


def test_scripts_are_small() -> None:
    assert len(CORE.compressed) <= 2048
    assert len(WHOLE.compressed) <= 4608
    assert len(VITALS.compressed) <= 2048


class TestBuilt:
    def test_build_is_made_of_current_sources(self) -> None:
        """Whoever edits one of them has to build again: `npm run build`."""
        listed = [line.split() for line in (TRACKER / "script.sha256").read_text().splitlines()]
        assert {name for _, name in listed} == {*SOURCES, *SCRIPTS}
        for digest, name in listed:
            assert hashlib.sha256((TRACKER / name).read_bytes()).hexdigest() == digest, name

    @pytest.mark.skipif(not BUNDLER.exists(), reason="`npm install` was not run in src/tracker")
    def test_build_is_reproducible(self) -> None:
        for script in SERVED.values():
            done = subprocess.run(
                ["npm", "run", "--silent", "bundle", script.name.replace(".min", "")],
                cwd=TRACKER,
                capture_output=True,
                check=True,
            )
            assert done.stdout == script.read_bytes(), script.name


def newer_than_2017(node: Any, _: Any) -> Any:
    """Refuses what the parser knows of ES2018: object spread and rest."""
    if node.type in ("ObjectExpression", "ObjectPattern"):
        assert all(part.type == "Property" for part in node.properties), "object spread or rest"
    return node


@pytest.mark.parametrize("name", SCRIPTS + SOURCES)
def test_script_speaks_es2017(name: str) -> None:
    parse = esprima.parseScript if name in SCRIPTS else esprima.parseModule
    parse((TRACKER / name).read_text(), delegate=newer_than_2017)


@pytest.mark.parametrize("name", SCRIPTS + SOURCES)
def test_script_makes_neither_code_nor_markup_from_text(name: str) -> None:
    danger = r"\beval\b|\bFunction\s*\(|innerHTML|outerHTML|document\.write|document\.cookie"
    assert not re.search(danger, (TRACKER / name).read_text())


def test_script_works_under_strict_content_security_policy(site: Site, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    site.headers = {
        "Content-Security-Policy": f"default-src 'none'; script-src {site.url('')};"
        f" connect-src {site.url('')}; require-trusted-types-for 'script'"
    }
    site.script = "script-more.js"
    site.write(stage="", body="<button data-track=Signup>Sign up</button>")
    page.goto(site.url())
    page.click("button")
    assert sorted(names(site.settled(2))) == ["Signup", "pageview"]
    assert not [text for text in said if "Content Security Policy" in text]


@pytest.mark.parametrize("path", ["/s.js/script.js", "/stats/script.js"])
def test_script_may_be_served_below_any_path(path: str, site: Site, page: Page) -> None:
    """The site's own proxy hands on both: events go to where the script came from."""
    site.write()
    site.html = site.html.replace("/script.js", path)
    page.goto(site.url())
    site.wait_for(1)
    assert site.hits[0].path == path.replace("script.js", "api/events/")


class TestPackage:
    """The same tracker for those who bundle."""

    def test_package_exports_what_its_types_declare(self, site: Site, page: Page) -> None:
        page.goto(site.url("/blank"))
        exported = page.evaluate(
            "async url => Object.keys(await import(url))", site.url("/index.js")
        )
        types = (TRACKER / "index.d.ts").read_text()
        assert sorted(exported) == sorted(re.findall(r"export declare function (\w+)", types))

    def test_package_tracks_like_script(self, site: Site, page: Page) -> None:
        site.html = f"<!doctype html><title>Home</title>{STAGE}"
        page.goto(site.url())
        page.evaluate(
            "async url => { const { init, track } = await import(url); track('Early');"
            " init({ site: 'demo', hash: true, memory: false, auto: ['form'] });"
            " track('Signup', { props: { plan: 'pro' } }) }",
            site.url("/index.js"),
        )
        page.evaluate("location.hash = '/cart'")
        events = site.settled(4)
        assert sorted(names(events)) == ["Early", "Signup", "pageview", "pageview"]
        assert site.hits[0].path == "/api/events/"
        assert {event["site"] for event in events} == {"demo"}

    def test_package_option_false_is_off(self, site: Site, page: Page) -> None:
        site.html = "<!doctype html><title>Home</title>"
        page.goto(site.url(host="localhost"))
        page.evaluate(
            "async url => (await import(url)).init({ local: false })",
            site.url("/index.js", host="localhost"),
        )
        assert site.settled(0) == []

    def test_package_does_nothing_without_window(self, site: Site, page: Page) -> None:
        """As on a server that renders; here in a worker."""
        page.goto(site.url("/blank"))
        answer = page.evaluate(
            "url => new Promise((done, fail) => {"
            " const text = `import { init, track } from '${url}';"
            " init({ site: 'demo' }); track('Signup'); postMessage('fine')`;"
            " const source = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));"
            " const worker = new Worker(source, { type: 'module' });"
            " worker.onmessage = ({ data }) => done(data); worker.onerror = fail })",
            site.url("/index.js"),
        )
        assert answer == "fine"
        assert site.settled(0) == []

    def test_package_holds_all_files_it_imports(self) -> None:
        package = json.loads((TRACKER / "package.json").read_text())
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert package["version"] == project["version"]
        assert all((TRACKER / name).is_file() for name in package["files"])
        imported = {
            name
            for file in package["files"]
            if file.endswith(".js")
            for name in re.findall(r"from '\./(\S+)'", (TRACKER / file).read_text())
        }
        assert imported <= set(package["files"])
