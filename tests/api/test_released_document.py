"""The OpenAPI document is that of docs/openapi.json, and clients of it do not break unnoticed."""

import json
import os
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from compatibility import Fact, additions, breaking
from conftest import SECRET
from main import build_app
from settings import Settings

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
RELEASED = ROOT / "docs" / "openapi.json"
COMMAND = "UPDATE_OPENAPI=1 ./boot/test tests/api/test_released_document.py"

NOTHING: Json = {"paths": {}, "components": {"schemas": {"Refusal": {"type": "object"}}}}

document = build_app(Settings(secret_key=SECRET)).openapi()


def test_document_is_the_released_one() -> None:
    """With UPDATE_OPENAPI=1 it becomes that, unless the changelog is silent about what breaks."""
    released = json.loads(RELEASED.read_text()) if RELEASED.exists() else NOTHING
    silent = [fact for fact in breaking(released, document) if not is_named(fact, newest_lines())]
    assert not silent, told("CHANGELOG.md has no line that names path and field of", silent)
    if os.environ.get("UPDATE_OPENAPI"):
        RELEASED.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        return
    new = additions(released, document)
    assert document == released, told(f"Bring {RELEASED.name} up to date: {COMMAND}. New are", new)


def newest_lines() -> list[str]:
    """The items of the changelog for the newest version."""
    newest = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    return re.split(r"\n- ", newest)


def is_named(fact: Fact, lines: list[str]) -> bool:
    """Whether one line names the path and the thing that changed, as `code`."""
    named = [{*re.findall(r"[^\s`]+", " ".join(re.findall("`[^`]+`", line)))} for line in lines]
    return any(words.issuperset(fact.words) for words in named)


def told(what: str, facts: list[Fact]) -> str:
    lines = [*map(str, facts[:30]), *(["…"] if len(facts) > 30 else [])]
    return f"{what}:\n" + "\n".join(lines)


def test_breaking_change_has_to_be_named_with_path_and_field() -> None:
    fact = Fact(("GET /api/goals", "200 application/json", "[]", "name"), "is there")
    assert fact.words == ("/api/goals", "name")
    assert is_named(fact, ["Nothing.", "`GET /api/goals` calls `name` `title`."])
    assert not is_named(fact, ["`GET /api/goals` has the name elsewhere.", "`name` is `title`."])
    assert Fact(("GET /api/goals",), "is there").words == ("/api/goals", "/api/goals")


def parameter(path: str, name: str) -> Callable[[Json], Json]:
    def find(document: Json) -> Json:
        given = document["paths"][path]["get"]["parameters"]
        return next(parameter for parameter in given if parameter["name"] == name)

    return find


def goal(document: Json) -> Json:
    return document["components"]["schemas"]["GoalOut"]


def new_goal(document: Json) -> Json:
    return document["components"]["schemas"]["GoalIn"]


def goals(document: Json) -> Json:
    return document["paths"]["/api/goals"]


limit = parameter("/api/sites/{key}/rejected", "limit")
dimension = parameter("/api/analytics/devices", "dimension")

BREAKING: dict[str, tuple[Callable[[Json], object], list[str]]] = {
    "path": (
        lambda d: d["paths"].pop("/api/auth/verify"),
        ["GET /api/auth/verify is there"],
    ),
    "operation": (
        lambda d: goals(d).pop("post"),
        ["POST /api/goals is there"],
    ),
    "operation id": (
        lambda d: goals(d)["get"].update(operationId="goals_all"),
        ["GET /api/goals is called goals_list"],
    ),
    "login": (
        lambda d: goals(d)["get"].update(security=[{"bearer": []}]),
        ["GET /api/goals needs a login"],
    ),
    "parameter": (
        lambda d: goals(d)["get"]["parameters"].clear(),
        ["GET /api/goals query site is there"],
    ),
    "required parameter": (
        lambda d: goals(d)["get"]["parameters"].append(
            {"name": "x", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        ["GET /api/goals query x is required"],
    ),
    "value": (
        lambda d: dimension(d)["schema"]["enum"].remove("os"),
        ["GET /api/analytics/devices query dimension takes os"],
    ),
    "type": (
        lambda d: limit(d)["schema"].update(type="string"),
        ["GET /api/sites/{key}/rejected query limit takes integer"],
    ),
    "limit": (
        lambda d: limit(d)["schema"].update(maximum=10),
        ["GET /api/sites/{key}/rejected query limit maximum"],
    ),
    "required field": (
        lambda d: new_goal(d)["required"].append("page"),
        ["POST /api/goals body application/json page is required"],
    ),
    "field": (
        lambda d: goal(d)["properties"].pop("event"),
        [
            "GET /api/goals 200 application/json [] event is there",
            "POST /api/goals 201 application/json event is there",
        ],
    ),
    "null": (
        lambda d: goal(d)["properties"].update(
            event={"anyOf": [{"type": "string"}, {"type": "null"}]}
        ),
        [
            "GET /api/goals 200 application/json [] event is null",
            "POST /api/goals 201 application/json event is null",
        ],
    ),
    "refusal": (
        lambda d: d["components"]["schemas"]["Refusal"]["properties"].pop("error"),
        [
            "GET /api/jobs 200 application/json [] error error is there",
            "GET /api/jobs/{job_id} 200 application/json error error is there",
            "POST /api/jobs 202 application/json error error is there",
            "Refusal error is there",
        ],
    ),
}


@pytest.mark.parametrize("case", BREAKING)
def test_breaking_change_is_found(case: str) -> None:
    change, found = BREAKING[case]
    changed = deepcopy(document)
    change(changed)
    assert [*map(str, breaking(document, changed))] == found


ADDED = {"name": "x", "in": "query", "schema": {"type": "string", "maxLength": 3}}

COMPATIBLE: dict[str, Callable[[Json], object]] = {
    "path": lambda d: d["paths"].update({"/api/x": deepcopy(goals(d))}),
    "parameter": lambda d: goals(d)["get"]["parameters"].append(ADDED),
    "value": lambda d: dimension(d)["schema"]["enum"].append("x"),
    "limit": lambda d: limit(d)["schema"].update(maximum=10_000),
    "optional field": lambda d: new_goal(d)["properties"].update(x={"$ref": "#/x/Credentials"}),
    "less required": lambda d: new_goal(d)["required"].remove("name"),
    "field": lambda d: goal(d)["properties"].update(x={"type": "null"}),
    "description": lambda d: goal(d).update(description="Other words."),
}


@pytest.mark.parametrize("case", COMPATIBLE)
def test_compatible_change_breaks_nobody(case: str) -> None:
    changed = deepcopy(document)
    COMPATIBLE[case](changed)
    assert changed != document
    assert breaking(document, changed) == []
