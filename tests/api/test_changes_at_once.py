"""Requests at the same time: none undoes what another has done, what is deleted stays deleted, and
limits are kept."""

import asyncio
import json
from typing import Any

import pytest

from administering import Person, join, register
from api.alerts import store as alert_rules
from api.analytics.annotations import store as annotations
from api.analytics.boards import store as boards
from api.analytics.goals import store as goals
from api.analytics.segments import store as segments
from api.db.database import Database
from conftest import TestSite

pytestmark = pytest.mark.any_engine

ROUNDS = 5

RULE = {"name": "many", "kind": "not_found", "threshold": 2}
FILTERS = [json.dumps([["is", "country", [country]]]) for country in ("DE", "FR", "IT")]


@pytest.fixture
async def editor(site: TestSite, database: Database) -> Person:
    """An editor of the site."""
    person = await register(site.client)
    await join(database, site.key, person, "editor")
    return person


async def both(editor: Person, path: str, *changes: dict[str, Any]) -> None:
    """Asks for several changes at once, and sees all of them."""
    asked = [editor.ask("PATCH", path, json=change) for change in changes]
    statuses = {answer.status_code for answer in await asyncio.gather(*asked)}
    assert statuses == {200}


async def make(editor: Person, path: str, **body: Any) -> str:
    """The path of something new."""
    made = await editor.ask("POST", path, json=body)
    assert made.status_code == 201, made.text
    return f"{path}/{made.json()['id']}"


async def test_alert_rule_keeps_each_of_two_changes_at_once(editor: Person, site: TestSite) -> None:
    path = await make(editor, f"/sites/{site.key}/alerts", **RULE)
    for number in range(3, 3 + ROUNDS):
        wanted = {"is_active": bool(number % 2), "threshold": number, "name": f"n{number}"}
        await both(editor, path, *({name: value} for name, value in wanted.items()))
        (rule,) = (await editor.ask("GET", f"/sites/{site.key}/alerts")).json()
        assert {name: rule[name] for name in wanted} == wanted
    await editor.ask("DELETE", path)


async def test_segment_keeps_each_of_two_changes_at_once(editor: Person, site: TestSite) -> None:
    body = {"site": site.key, "name": "n", "filters": FILTERS[0], "shared": True}
    path = await make(editor, "/segments", **body)
    for number in range(ROUNDS):
        filters = FILTERS[number % 3]
        await both(editor, path, {"name": f"n{number}"}, {"filters": filters})
        (segment,) = (await editor.ask("GET", f"/segments?site={site.key}")).json()
        assert (segment["name"], segment["filters"]) == (f"n{number}", filters)


@pytest.mark.parametrize("kind", ["alerts", "segments"])
async def test_change_brings_nothing_back_that_is_deleted_meanwhile(
    editor: Person, site: TestSite, kind: str
) -> None:
    rules, segments = f"/sites/{site.key}/alerts", "/segments"
    bodies = {rules: RULE, segments: {"site": site.key, "name": "n", "filters": FILTERS[0]}}
    path = rules if kind == "alerts" else segments
    for _ in range(ROUNDS):
        one = await make(editor, path, **bodies[path])
        asked = [
            editor.ask("PATCH", one, json={"name": "other"}),
            editor.ask("DELETE", one),
            editor.ask("PATCH", one, json={"name": "another"}),
        ]
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert statuses[1] == 204
        assert {*statuses} <= {200, 204, 404}
        left = await editor.ask("GET", rules if path == rules else f"/segments?site={site.key}")
        assert left.json() == []


def kinds(site: TestSite) -> dict[str, tuple[str, dict[str, Any]]]:
    """What an account or a site has so many of at most: where it is made, and one of it."""
    about = {"site": site.key}
    return {
        "alert rule": (f"/sites/{site.key}/alerts", RULE),
        "annotation": ("/annotations", about | {"day": "2026-01-01", "text": "x"}),
        "board": ("/boards", about | {"name": "x"}),
        "goal": ("/goals", about | {"name": "x", "event": "x"}),
        "segment": ("/segments", about | {"name": "x", "filters": FILTERS[0]}),
    }


LIMITS = {
    "alert rule": (alert_rules, "MOST_RULES"),
    "annotation": (annotations, "MAX_ANNOTATIONS"),
    "board": (boards, "MOST_BOARDS"),
    "goal": (goals, "MAX_GOALS"),
    "segment": (segments, "MAX_SEGMENTS"),
}


@pytest.mark.parametrize("kind", LIMITS)
async def test_requests_at_once_make_no_more_than_allowed(
    editor: Person, site: TestSite, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*LIMITS[kind], 2)
    path, body = kinds(site)[kind]
    title = "text" if kind == "annotation" else "name"
    asked = [editor.ask("POST", path, json=body | {title: f"x{number}"}) for number in range(6)]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == [201, 201, 409, 409, 409, 409]


@pytest.mark.parametrize("kind", LIMITS)
async def test_same_request_twice_at_once_makes_and_deletes_once(
    editor: Person, site: TestSite, kind: str
) -> None:
    path, body = kinds(site)[kind]
    made = await asyncio.gather(*(editor.ask("POST", path, json=body) for _ in range(3)))
    statuses = sorted(answer.status_code for answer in made)
    assert statuses == ([201] * 3 if kind in ("annotation", "board") else [201, 409, 409])
    number = next(answer.json()["id"] for answer in made if answer.status_code == 201)
    gone = await asyncio.gather(*(editor.ask("DELETE", f"{path}/{number}") for _ in range(3)))
    assert {answer.status_code for answer in gone} <= {204, 404}
    assert 204 in {answer.status_code for answer in gone}
    assert (await editor.ask("DELETE", f"{path}/{number}")).status_code == 404
