"""The conventions of HTTP that every route keeps. They are read off the application's own table of
routes, so a route that is added is covered."""

import re
from collections import Counter
from collections.abc import Iterator
from inspect import iscoroutinefunction, isfunction
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.paths import EVENTS_PATH
from asking import needed
from conftest import SECRET, TestSite
from main import build_app
from refusals import allowed_in, is_refusal
from settings import Settings

pytestmark = pytest.mark.any_engine

application = build_app(Settings(secret_key=SECRET))
document = application.openapi()

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

Route = tuple[str, str]
"""Method and path."""


def routes() -> Iterator[Route]:
    """All routes but WebSockets, and a static file."""
    for route in iter_route_contexts(application.routes):
        for method in sorted(route.methods or ()):
            yield method, str(route.path)
    yield "GET", "/static/x/live.js"


ROUTES = list(dict.fromkeys(routes()))
PATHS = sorted({path for _, path in ROUTES})
READ = [path for path in PATHS if ("GET", path) in ROUTES]

OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in document["paths"].items()
    for method, operation in operations.items()
}

STRICT = [
    route for route in OPERATIONS if route[1].startswith("/api/") and route != ("POST", EVENTS_PATH)
]
"""Routes that take no parameters but their own. Senders of events may add what they like, e.g. to
prevent caching."""

WITH_BODY = [
    route
    for route in STRICT
    if "application/json" in OPERATIONS[route].get("requestBody", {}).get("content", ())
]


def allowed(path: str) -> str:
    """The methods of a path as the header Allow has them."""
    methods = {method for method, other in ROUTES if other == path}
    methods |= {"HEAD"} if "GET" in methods else set()
    return ", ".join(sorted(methods | {"OPTIONS"}))


def parameters(route: Route) -> dict[str, Any]:
    """The query parameters that a route declares, by name."""
    declared = OPERATIONS[route].get("parameters", ())
    return {each["name"]: each for each in declared if each["in"] == "query"}


def takes_several(parameter: dict[str, Any]) -> bool:
    schemas = [parameter["schema"], *parameter["schema"].get("anyOf", ())]
    return any(schema.get("type") == "array" for schema in schemas)


def address(site: TestSite, path: str) -> str:
    """A path without placeholders, most of them for something that does not exist."""
    return re.sub(r"\{\w+\}", str(uuid4()), path.replace("{key}", site.key))


def query(site: TestSite, path: str) -> dict[str, Any]:
    """A query that a route which is read can answer."""
    asked = {"site": site.key} if "site" in parameters_of_path(path) else {}
    return {**asked, **needed(path)}


def parameters_of_path(path: str) -> dict[str, Any]:
    return parameters(("GET", path)) if ("GET", path) in OPERATIONS else {}


def login_for(site: TestSite, route: Route) -> dict[str, str]:
    """The administrator's login, which serves all tests: no route may end it."""
    method, path = route
    return site.admin if method == "GET" or not path.startswith("/api/auth/") else {}


def id_of(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def test_table_of_routes_is_read() -> None:
    assert len(ROUTES) > 45
    assert len(STRICT) > 30
    assert len(WITH_BODY) > 6
    assert allowed("/api/goals") == "GET, HEAD, OPTIONS, POST"


def called_in_threads(dependant: Dependant) -> Iterator[str]:
    """The synchronous functions of a route and its dependencies, which FastAPI runs in threads."""
    called = dependant.call
    function = called if isfunction(called) else type(called).__call__
    if called is not None and not iscoroutinefunction(function):
        yield f"{called}"
    for needed_first in dependant.dependencies:
        yield from called_in_threads(needed_first)


def test_no_route_depends_on_a_function_called_in_a_thread() -> None:
    found = [
        name
        for route in iter_route_contexts(application.routes)
        if isinstance(route.original_route, APIRoute)
        for name in called_in_threads(route.original_route.dependant)
    ]
    assert Counter(found) == {}


@pytest.mark.parametrize("route", ROUTES, ids=id_of)
async def test_trailing_slash_changes_nothing(site: TestSite, route: Route) -> None:
    method, path = route
    bare, asked = address(site, path), query(site, path)
    ways = bare, f"{bare}/" if bare != "/" else bare
    first, second = [
        await site.client.request(method, way, params=asked, headers=login_for(site, route))
        for way in ways
    ]
    assert first.status_code == second.status_code
    assert first.status_code not in (301, 307, 308)
    assert names(first) == names(second)
    if first.is_error and first.headers["content-type"] == "application/json":
        assert first.json() == second.json()


def names(answer: httpx.Response) -> set[str]:
    return set(answer.headers)


@pytest.mark.parametrize("path", READ)
async def test_head_is_get_without_body(site: TestSite, path: str) -> None:
    url, asked = address(site, path), query(site, path)
    if path == "/pixel.gif":
        asked = {"site": site.key, "page": "/"}
    got = await site.client.get(url, params=asked, headers=site.admin)
    head = await site.client.head(url, params=asked, headers=site.admin)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert names(head) == names(got)
    assert head.headers.get("content-type") == got.headers.get("content-type")


async def test_head_of_pixel_counts_nothing(site: TestSite) -> None:
    address = f"/pixel.gif?site={site.key}&page=/"
    assert (await site.client.head(address)).status_code == 200
    assert (await site.ask("pages"))["rows"] == []


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", PATHS)
async def test_options_lists_methods(site: TestSite, path: str, slash: str) -> None:
    answer = await site.client.options(address(site, path).rstrip("/") + slash or "/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["allow"] == allowed(path)


@pytest.mark.parametrize("path", PATHS)
async def test_other_methods_are_refused_with_those_of_the_path(site: TestSite, path: str) -> None:
    for method in set(METHODS) - set(allowed(path).split(", ")):
        answer = await site.client.request(method, address(site, path), headers=site.admin)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed(path))
        if method != "HEAD":
            assert is_refusal(answer, "METHOD_NOT_ALLOWED")
            assert allowed_in(answer) == set(allowed(path).split(", "))


@pytest.mark.parametrize("route", STRICT, ids=id_of)
async def test_unknown_parameters_are_refused_with_declared_ones(
    site: TestSite, route: Route
) -> None:
    method, path = route
    asked = query(site, path) | {"nonsense": "1", "more": "2"}
    answer = await site.client.request(method, address(site, path), params=asked)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")
    unknown = {problem["where"]: problem["allowed"] for problem in answer.json()["problems"]}
    assert unknown["nonsense"] == unknown["more"] == sorted(parameters(route))


@pytest.mark.parametrize("route", [route for route in STRICT if parameters(route)], ids=id_of)
async def test_repeated_parameters_are_refused_unless_they_take_several_values(
    site: TestSite, route: Route
) -> None:
    method, path = route
    asked = {name: ["1", "2"] for name in parameters(route)}
    answer = await site.client.request(method, address(site, path), params=asked)
    assert answer.status_code == 422
    assert is_refusal(answer, "INVALID")
    for name, parameter in [*parameters(route).items()][:5]:
        repeated = await site.client.request(
            method, address(site, path), params=query(site, path) | {name: ["1", "2"]}
        )
        found = [p for p in repeated.json().get("problems", ()) if "several" in p["problem"]]
        assert [p["where"] for p in found] == ([] if takes_several(parameter) else [name])


@pytest.mark.parametrize("route", WITH_BODY, ids=id_of)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_other_content_type_is_refused_with_415(
    site: TestSite, route: Route, kind: str
) -> None:
    method, path = route
    headers = site.admin | {"Content-Type": kind}
    answer = await site.client.request(
        method, address(site, path), content=b'{"a": 1}', headers=headers
    )
    assert answer.status_code == 415
    assert is_refusal(answer, "UNSUPPORTED_MEDIA")
    (problem,) = answer.json()["problems"]
    assert (problem["where"], problem["allowed"]) == ("content-type", ["application/json"])


async def test_pages_and_senders_may_have_other_parameters(site: TestSite) -> None:
    for path in ("/", "/login", "/api/realtime", "/api/realtime/", "/healthz"):
        answer = await site.client.get(path, params={"site": site.key, "utm_source": "x"})
        assert answer.status_code == 200
    for path in (EVENTS_PATH, f"{EVENTS_PATH}/"):
        event = {"site": site.key, "page": "/"}
        assert (await site.client.post(f"{path}?_=1", json=event)).status_code == 201
    pixel = await site.client.get(f"/pixel.gif?site={site.key}&page=/&_=1")
    assert pixel.status_code == 200


async def test_path_that_does_not_exist_is_refused_whatever_the_method(site: TestSite) -> None:
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        for path in ("/nowhere", "/api/analytics/nothing/", "/api/goals//"):
            answer = await site.client.request(method, path)
            assert answer.status_code == 404
            assert is_refusal(answer, "NOT_FOUND")
