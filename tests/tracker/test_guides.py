"""What the guides say to paste counts what they say, in applications of the real libraries.

The libraries are installed for these tests alone, with npm.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gallery.guide import EXAMPLE, blocks
from gallery.reports import Reports, create_sites, expected_of
from gallery.server import serving
from gallery.visitor import Visitor
from playwright.sync_api import Browser

from processes import Service

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "guides"
INSTALL_SECONDS = 300

LINKS = '<a href="/one">One</a> <a href="/two">Two</a>'

TAG_MANAGER = """<script>
// Like Google Tag Manager: elements are made anew, with none but the attributes it knows.
const box = document.createElement('div');
box.innerHTML = %s;
for (const { src, async } of box.querySelectorAll('script')) {
  document.head.append(Object.assign(document.createElement('script'), { src, async }));
}
</script>"""

APPS = ("react", "react-hash", "vue", "vue-hash")
SITES = (*APPS, "turbo", "htmx", "plain", "tag-manager")


@pytest.fixture(scope="module")
def service(empty_service: Service) -> Service:
    """A service with sites of these names."""
    create_sites(empty_service, SITES)
    return empty_service


def installed(folder: Path) -> None:
    """Installs the libraries, or skips the tests where that is not possible."""
    shutil.copytree(HERE, folder, dirs_exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=INSTALL_SECONDS)
    except (FileNotFoundError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm cannot install the libraries: {error}")


def bundled(folder: Path, source: str, button: str) -> str:
    """A small application, with the guide's code of an event in it."""
    code = (folder / source).read_text().replace("/* button */ null /* end */", button)
    (folder / source).write_text(code.replace("/* button */ /* end */", button))
    command = ["npx", "--no-install", "esbuild", source, "--bundle", "--format=iife"]
    command += ["--jsx=automatic", "--define:process.env.NODE_ENV='production'"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(folder: Path, site: str, head: str, body: str, script: str = "") -> None:
    """A site of one page, whatever the path."""
    (folder / site).mkdir(parents=True, exist_ok=True)
    page = f"<!doctype html><title>Site</title>{head}<body>{body}"
    (folder / site / "index.html").write_text(page)
    (folder / site / "app.js").write_text(script)


@pytest.fixture(scope="module")
def port(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where the sites of all guides are served."""
    folder, sites = tmp_path_factory.mktemp("npm"), tmp_path_factory.mktemp("sites")
    installed(folder)

    def head(guide: str, site: str, place: int = 0) -> str:
        code = blocks(guide, "html")[place]
        return code.replace(EXAMPLE, service.base).replace("demo", site)

    apps = {
        "react": bundled(folder, "react.jsx", blocks("react-router", "jsx")[0]),
        "vue": bundled(folder, "vue.js", blocks("vue-router", "js")[0]),
    }
    app = '<div id="app"></div><script src="/app.js"></script>'
    for name, script in apps.items():
        for place, site in enumerate((name, f"{name}-hash")):
            write(sites, site, head(f"{name}-router", site, place), app, script)
    library = '<script defer src="/app.js"></script>'
    turbo = (folder / "node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js").read_text()
    write(sites, "turbo", head("turbo", "turbo") + library, LINKS, turbo)
    htmx = (folder / "node_modules/htmx.org/dist/htmx.js").read_text()
    parts = '<button hx-get="/part" hx-target="#results">Find</button><p id="results"></p>'
    boosted = f'<div hx-boost="true">{LINKS}</div>{parts}'
    own = head("htmx", "htmx") + head("htmx", "htmx", 1)
    write(sites, "htmx", own + library, boosted, htmx)
    (sites / "htmx" / "part.html").write_text("Found")
    write(sites, "plain", head("plain-html", "plain"), LINKS)
    pasted = json.dumps(head("tag-managers", "tag-manager")).replace("</", "<\\/")
    write(sites, "tag-manager", TAG_MANAGER % pasted, LINKS)
    with serving(str, sites) as port:
        yield port


def walk(visitor: Visitor, root: str = "") -> None:
    """Follows two links, and goes back over one of them."""
    visitor.open()
    visitor.sees("/", visitor.tab.evaluate("location.pathname + location.hash"))
    visitor.click("One")
    visitor.sees(f"{root}/one")
    visitor.wait(0.8)
    visitor.click("Two")
    visitor.sees(f"{root}/two")
    visitor.wait(0.8)
    visitor.back()
    visitor.sees(f"{root}/one")
    visitor.wait(0.8)


@pytest.mark.parametrize("site", SITES)
def test_guide_counts_what_it_says(
    site: str, service: Service, port: int, keeping_browser: Browser
) -> None:
    with keeping_browser.new_context() as context:
        visitor = Visitor(context, f"http://walk.{site}.test:{port}")
        walk(visitor, "/#" if site.endswith("-hash") else "")
        if site in APPS:
            visitor.click("Two")
            visitor.sees("/#/two" if site.endswith("-hash") else "/two")
            visitor.click("Account")  # redirects to the page of the first link
            visitor.sees("/#/one" if site.endswith("-hash") else "/one")
            visitor.click("Sign up")
            visitor.does("Signup")
        if site == "htmx":
            visitor.click("Find")
            visitor.does("Search")
            visitor.tab.get_by_text("Found").wait_for()
        visitor.leave()
        truth = visitor.truth
        assert Reports(service.base, site).settled(truth) == expected_of(truth)
