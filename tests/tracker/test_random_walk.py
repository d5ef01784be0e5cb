"""Reports equal a small model of the browser, whatever a visitor does in an application."""

import os
from collections.abc import Iterator
from itertools import count
from typing import get_args

import pytest
from gallery.reports import Reports, create_sites, expected_of
from gallery.server import serving
from gallery.stories import LONG_ENOUGH
from gallery.visitor import Visitor
from gallery.walk import Model, Move
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser
from stage import KEPT

from processes import Service

MORE = int(os.environ.get("MORE_EXAMPLES", "1"))
"""How many times as many walks are tried as in an ordinary run: see docs/testing.md."""

WALKS = 4
numbers = count()

MOVES = st.tuples(st.sampled_from(get_args(Move)), st.sampled_from(["/", "/one", "/two"]))

SCRIPTS: dict[Move, str] = {
    "push": "path => history.pushState(null, '', path)",
    "replace": "path => history.replaceState(null, '', path)",
    "redirect": "path => {"
    " history.pushState(null, '', '/elsewhere'); history.replaceState(null, '', path) }",
    "hash": "() => { location.hash = performance.now() }",
    "hide": "() => setVisible(false)",
    "show": "() => setVisible(true)",
}


@pytest.fixture(scope="module")
def port(empty_service: Service) -> Iterator[int]:
    """Where an application is served that includes the tracker."""

    def tag(name: str) -> str:
        return f'<script defer src="{empty_service.base}/script.js" data-site="{name}"></script>'

    with serving(tag) as port:
        yield port


def move(visitor: Visitor, model: Model, kind: Move, path: str) -> None:
    """Makes a move in the browser, after it was made in the model."""
    if kind == "replace":
        visitor.wait(LONG_ENOUGH)
    if kind in SCRIPTS:
        visitor.tab.evaluate(SCRIPTS[kind], path)
    elif kind in ("online", "offline"):
        visitor.context.set_offline(kind == "offline")
    elif kind == "back":
        visitor.back()
        visitor.tab.wait_for_function("path => location.pathname === path", arg=model.path)
    elif kind == "reload":
        visitor.tab.reload()
    else:
        visitor.tab.goto("about:blank")
        visitor.tab = visitor.context.new_page()
        visitor.open(path)
    visitor.wait(0.01)  # no two events at one time


@settings(
    max_examples=WALKS * MORE,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=st.lists(MOVES, min_size=5, max_size=15))
def test_reports_equal_model_of_any_walk(
    moves: list[tuple[Move, str]], empty_service: Service, port: int, keeping_browser: Browser
) -> None:
    site, model = f"walk-{next(numbers)}", Model()
    create_sites(empty_service, [site])
    with keeping_browser.new_context() as context:
        visitor = Visitor(context, f"http://{site}.walks.test:{port}")
        visitor.open("/")
        model.load("/")
        for kind, path in [*moves, ("online", ""), ("close", "/end")]:
            if model.can(kind):
                model.make(kind, path)
                move(visitor, model, kind, path)
        visitor.tab.wait_for_function(f"!{KEPT}")
        visitor.leave()
        visitor.truth.seen = model.seen
        truth = visitor.truth
        assert Reports(empty_service.base, site).settled(truth) == expected_of(truth)
