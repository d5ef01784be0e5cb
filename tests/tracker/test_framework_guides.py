"""Sites that the frameworks of docs/guides/frameworks.md build count what the guide says.

The frameworks are hundreds of megabytes, so they are installed and run only with EVERY_FRAMEWORK=1.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from gallery.guide import EXAMPLE, blocks
from gallery.reports import Reports, create_sites, expected_of
from gallery.server import serving
from gallery.visitor import Visitor
from playwright.sync_api import Browser

from processes import Service

pytestmark = pytest.mark.slow

LINKS = '<a href="/one">One</a> <a href="/two">Two</a>'
SECONDS = 600
"""For installing, and for building: far more than it takes."""

ASTRO_PAGE = """---
import Layout from '../layouts/Layout.astro';
---
<Layout><p>PAGE</p>{links}</Layout>
""".replace("{links}", LINKS)

NEXT_PAGE = """import Link from 'next/link';
export default () => <p>PAGE <Link href="/one">One</Link> <Link href="/two">Two</Link></p>;
"""

NUXT_PAGE = """<template>
  <p>PAGE <NuxtLink to="/one">One</NuxtLink> <NuxtLink to="/two">Two</NuxtLink></p>
</template>
"""

SVELTE_CONFIG = """import adapter from '@sveltejs/adapter-static';
export default { kit: { adapter: adapter() } };
"""

VITE_CONFIG = """import { sveltekit } from '@sveltejs/kit/vite';
export default { plugins: [sveltekit()] };
"""

ASTRO = {
    "astro.config.mjs": "export default { build: { format: 'file' } };",
    "src/layouts/Layout.astro": "GUIDE",
    **{f"src/pages/{name}.astro": ASTRO_PAGE for name in ("index", "one", "two")},
}
NEXT = {
    "next.config.mjs": "export default { output: 'export' };",
    "app/layout.jsx": "GUIDE",
    **{f"app/{name}page.jsx": NEXT_PAGE for name in ("", "one/", "two/")},
}
NUXT = {
    # What Nitro installs by itself refuses to store the page "/".
    "package.json": '{"type": "module", "overrides": {"unstorage": "1.17.4"}}',
    "nuxt.config.js": "GUIDE",
    **{f"app/pages/{name}.vue": NUXT_PAGE for name in ("index", "one", "two")},
}
SVELTE = {
    "svelte.config.js": SVELTE_CONFIG,
    "vite.config.js": VITE_CONFIG,
    "src/app.html": "GUIDE",
    "src/routes/+layout.js": "export const prerender = true;",
    **{f"src/routes/{name}+page.svelte": f"<p>PAGE</p>{LINKS}" for name in ("", "one/", "two/")},
}

VITE = ("svelte@5.57.3", "vite@6.4.6", "@sveltejs/vite-plugin-svelte@5.1.1")
FRAMEWORKS: dict[str, tuple[tuple[str, ...], str, str, Mapping[str, str], str]] = {
    "astro": (("astro@5.18.2",), "astro", "astro build", ASTRO, "dist"),
    "next": (("next@16.4.6", "react@19.3.1", "react-dom@19.3.1"), "jsx", "next build", NEXT, "out"),
    "nuxt": (("nuxt@4.3.1",), "js", "nuxt generate", NUXT, ".output/public"),
    "sveltekit": (
        ("@sveltejs/kit@2.70.4", "@sveltejs/adapter-static@3.0.11", *VITE),
        "svelte",
        "vite build",
        SVELTE,
        "build",
    ),
}
"""Packages, the language of the block in the guide, the command that builds, the files, and where
the site is then."""


@pytest.fixture(scope="module")
def service(empty_service: Service) -> Service:
    """A service with sites of these names."""
    create_sites(empty_service, FRAMEWORKS)
    return empty_service


def built(name: str, folder: Path, base: str) -> Path:
    """Installs a framework and builds a site of three pages with it."""
    packages, language, command, files, output = FRAMEWORKS[name]
    guide = blocks("frameworks", language)[0].replace(EXAMPLE, base).replace("demo", name)
    for path, text in ({"package.json": '{"type": "module"}'} | files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace("GUIDE", guide))
    install = ["npm", "install", "--no-audit", "--no-fund", "--silent", *packages]
    for words in (install, ["npx", "--no-install", *command.split()]):
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
    return (folder / output).rename(folder / name)


@pytest.mark.skipif(not os.environ.get("EVERY_FRAMEWORK"), reason="only with EVERY_FRAMEWORK=1")
@pytest.mark.parametrize("name", FRAMEWORKS)
def test_site_of_framework_counts_its_pages(
    name: str, service: Service, tmp_path: Path, keeping_browser: Browser
) -> None:
    sites = built(name, tmp_path, service.base).parent
    with serving(str, sites) as port, keeping_browser.new_context() as context:
        visitor = Visitor(context, f"http://walk.{name}.test:{port}")
        visitor.open()
        visitor.sees("/")
        visitor.click("One")
        visitor.sees("/one")
        visitor.click("Two")
        visitor.sees("/two")
        visitor.back()
        visitor.sees("/one")
        visitor.leave()
        assert Reports(service.base, name).settled(visitor.truth) == expected_of(visitor.truth)
