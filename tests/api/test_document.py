"""The OpenAPI document: complete, described, and true about logins and values of parameters."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import WebSocketRoute

from asking import needed, needs_history
from conftest import SECRET, TestSite
from main import build_app
from settings import Settings

Json = dict[str, Any]

document = build_app(Settings(secret_key=SECRET)).openapi()
schemas = document["components"]["schemas"]

UNITS = {
    r"seconds|duration|expires_in": "second",
    r"hours|window": "hour",
    r"days": "day",
    r"revenue|amount|average_order": "currency|currencies|earned",
    r"screen": "pixel",
}
"""What the description of a field with a unit says, by words in its name."""


def operations() -> Iterator[tuple[str, str, Json]]:
    """Path, method and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def fields() -> Iterator[tuple[str, str, Json]]:
    """Model, name and schema of every field. A generic model counts as one."""
    for name, schema in schemas.items():
        for field, described in schema.get("properties", {}).items():
            yield name.split("_")[0], field, described


def parameters() -> Iterator[tuple[str, str, Json]]:
    """Operation, name and description of every parameter."""
    for _, _, operation in operations():
        for parameter in operation.get("parameters", ()):
            yield operation["operationId"], parameter["name"], parameter


def everything(part: Any) -> Iterator[Json]:
    """Every object in a part of the document."""
    if isinstance(part, dict):
        yield part
    if isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from everything(inner)


def is_described(field: Json) -> bool:
    """Whether a field, or the model that it is, has a description."""
    model = schemas[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
    return bool(field.get("description") or model.get("description"))


def test_every_field_and_parameter_has_description() -> None:
    both = [*fields(), *parameters()]
    assert not [(where, name) for where, name, field in both if not is_described(field)]


def test_description_of_field_with_unit_names_unit() -> None:
    described = [*fields(), *parameters()]
    assert not [
        (where, name, text)
        for where, name, it in described
        if (text := it.get("description"))
        for names, unit in UNITS.items()
        if re.search(rf"(^|_)({names})$", name) and not re.search(unit, text, re.IGNORECASE)
    ]


def test_operation_ids_begin_with_their_tag_and_are_unique() -> None:
    ids = [(operation["tags"], operation["operationId"]) for _, _, operation in operations()]
    assert all(re.fullmatch(rf"{tag}(_[a-z]+)+", name) for (tag,), name in ids)
    assert len({name for _, name in ids}) == len(ids) > 40


def test_tags_are_described_and_used() -> None:
    used = {tag for _, _, operation in operations() for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == used


def test_every_reference_leads_somewhere() -> None:
    references = {part["$ref"] for part in everything(document) if "$ref" in part}
    assert len(references) > 50
    for reference in references:
        root, kind, group, name = reference.split("/")
        assert (root, kind) == ("#", "components")
        assert name in document["components"][group]


def test_every_body_has_schema() -> None:
    bodies = [part["content"] for part in everything(document) if "content" in part]
    media = [(kind, it) for body in bodies if isinstance(body, dict) for kind, it in body.items()]
    assert {kind for kind, _ in media} >= {"application/json", "text/csv", "image/gif"}
    assert all(it.get("schema") for kind, it in media if "/" in kind)


def test_events_are_described_one_by_one_in_batches_and_by_line() -> None:
    content = document["paths"]["/api/events"]["post"]["requestBody"]["content"]
    event = {"$ref": "#/components/schemas/EventIn"}
    one, batch = content["application/json"]["schema"]["anyOf"]
    assert (one, batch["items"]) == (event, event)
    assert content["application/x-ndjson"]["schema"]["type"] == "string"


def test_server_is_base_url_or_the_one_that_is_asked() -> None:
    address = "https://stats.example.com"
    other = build_app(Settings(secret_key=SECRET, base_url=address)).openapi()
    assert [document["servers"], other["servers"]] == [[{"url": "/"}], [{"url": address}]]


def test_every_websocket_is_described() -> None:
    routes = iter_route_contexts(build_app(Settings(secret_key=SECRET)).routes)
    sockets = {route.path for route in routes if isinstance(route.original_route, WebSocketRoute)}
    assert document["x-websockets"].keys() == sockets


OF_SHARED_BOARDS = ("/api/boards/{number}", "/api/boards/{number}/answers")
"""Who has a share link needs no login; others do, whatever the site is."""


@pytest.mark.any_engine
async def test_login_is_needed_where_the_document_says_so(
    client: httpx.AsyncClient, site: TestSite
) -> None:
    """All operations are called without a login, about a site that anybody may read."""
    for path, method, operation in operations():
        numbers = ("number", "account", "user_id", "item", "import_id")
        named = re.findall(r"{(\w+)}", path)
        filled = path.format(**{name: 1 if name in numbers else site.key for name in named})
        body = {"site": site.key, "site_id": site.key}
        taken = {parameter["name"] for parameter in operation.get("parameters", ())}
        answer = await client.request(
            method,
            filled,
            params={"site": site.key} if "site" in taken else {},
            json=body if "requestBody" in operation else None,
        )
        needs_login = bool(operation["security"]) and {} not in operation["security"]
        needs_login |= path in OF_SHARED_BOARDS
        assert (answer.status_code == 401) == needs_login, (path, method, answer.text)


@pytest.mark.any_engine
async def test_listed_values_of_parameters_are_accepted(
    client: httpx.AsyncClient, site: TestSite
) -> None:
    tried = 0
    for path, method, operation in operations():
        if method != "get" or "analytics" not in operation["tags"] or needs_history(path):
            continue
        for parameter in operation.get("parameters", ()):
            for value in parameter["schema"].get("enum", ()):
                asked = {"site": site.key, **needed(path), parameter["name"]: value}
                answer = await client.get(path, params=asked)
                assert answer.status_code == 200, (path, asked, answer.text)
                tried += 1
    assert tried > 150


def test_document_is_the_same_each_time(app: FastAPI) -> None:
    assert app.openapi() == app.openapi() == document
