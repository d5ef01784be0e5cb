"""Numbers, times and texts that no column, clock or encoding can hold: a 4xx in the one shape, on
every parameter of every route and in every place of every body."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from api.paths import EVENTS_PATH
from asking import needed
from conftest import TestSite
from refusals import is_refusal

pytestmark = [pytest.mark.any_engine, pytest.mark.slow]

NUMBERS = (
    *("-1", "0", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808"),
    *("-9223372036854775809", "18446744073709551616", "1" + "0" * 30, "9" * 400, "9" * 5000),
    *("0.5", "1e999", "-1e999", "1e308", "5e-324", "1e-999", "NaN", "Infinity", "-Infinity"),
)
TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "\udc00\ud800",
        "\ufffe",
        "\U0010ffff",
        "x" * 3000,
        "%",
        "\\",
    ),
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "1582-10-10", "1969-12-31", "2026-02-30"),
    *("9999-12-31", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-14:00", "10000-01-01"),
    *("infinity", "-infinity", "epoch", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+99:99"),
    *("[]", "{}", "null", "[[", "[" * 2000, '{"a":' * 1000, '[["is","page",["\\ud800"]]]'),
    *('[["is","props:\\ud800",["a"]]]', '[["contains","page",["\\u0000"]]]'),
    *('{"page":"/","props":{"a":1e999}}', '{"event":"x","props":{"a":NaN}}'),
    *('{"event":"x","props":{"a":-Infinity}}', '{"event":"x","props":{"a":"\\ud800"}}'),
    *('{"event":"\\u0000"}', '{"goal":"\\ud800"}', '{"event":"x","props":{"\\ud800":1}}'),
    *('{"event":"x","props":{"a":%s}}' % ("9" * 400), '{"event":"x","props":{"a":[1]}}'),
    *('{"event":"x","props":{"a":%s}}' % ("9" * 4400), '{"event":1e999}', '{"goal":{}}'),
)
FEW = ("-1", "9223372036854775808", "9" * 400, "1e999", "", "\0", "\ud800", "x" * 3000)
"""Values for a parameter or a field whose name an earlier one has: it is read by the same type
mostly."""

SHAPES = ("null", "true", "[]", "{}", "[[]]", "[1e999]", '["\\ud800"]', '{"a":NaN}', "[" * 900)

STATS = {
    "site_id": "",
    "metrics": ["visitors"],
    "date_range": ["2026-01-01", "2026-01-02"],
    "dimensions": ["event:page", "time"],
    "filters": [["is", "event:page", ["/"], {"case_sensitive": False}]],
    "order_by": [["visitors", "desc"]],
    "include": {"time_labels": True},
    "pagination": {"limit": 1, "offset": 0},
}

VIEW = {
    "page": "/",
    "address": {"period": "7d"},
    "report": "pages",
    "params": {"period": "7d", "limit": "5"},
    "drawing": "ranking",
    "columns": ["page", "pageviews"],
}

BODIES: dict[str, Any] = {
    "/api/auth/register": {"email": "a@b.example", "password": "short", "name": "n"},
    "/api/auth/login": {"email": "nobody@b.example", "password": "wrong"},
    "/api/auth/login/code": {"pending": "x", "code": "000000"},
    "/api/auth/providers/{provider}/login": {"next": "/", "invitation": "x"},
    "/api/auth/identities/{provider}": {"next": "/", "password": "wrong"},
    "/api/auth/refresh": {"refresh_token": "x"},
    "/api/auth/me": {"full_name": "n"},
    "/api/auth/me/delete": {"password": "wrong"},
    "/api/auth/password": {"old_password": "wrong", "password": "short"},
    "/api/auth/password/reset": {"token": "x", "password": "short"},
    "/api/auth/password/forgot": {"username": "nobody"},
    "/api/auth/second-factor": {"password": "wrong"},
    "/api/auth/second-factor/confirm": {"code": "000000"},
    "/api/auth/second-factor/disable": {"password": "wrong", "code": "000000"},
    "/api/users/{user_id}": {"full_name": "n"},
    "/api/keys": {"name": "k", "scopes": ["stats:read"], "expires_in_days": 1},
    "/api/sites/{key}/shares": {
        "name": "s",
        "expires_in_days": 1,
        "filters": [],
        "view": {},
        "board": None,
    },
    "/api/shares/open": {"secret": "x", "password": "p"},
    "/api/sites": {"domain": "a.example", "key": "k", "name": "n", "timezone": "UTC"},
    "/api/sites/{key}": {"name": "n", "timezone": "UTC", "hostnames": ["a.example"]},
    "/api/sites/{key}/members/{account}": {"role": "viewer"},
    "/api/sites/{key}/transfer": {"account": 1},
    "/api/sites/{key}/invitations": {"role": "viewer", "email": "a@b.example", "days": 1},
    "/api/invitations/look": {"token": "x"},
    "/api/invitations/accept": {"token": "x"},
    "/api/goals": {"site": "", "name": "g", "event": "e", "page": "/p", "props": {"a": 1}},
    "/api/annotations": {"site": "", "day": "2026-03-10", "text": "t"},
    "/api/segments": {"site": "", "name": "s", "filters": "[]", "shared": True},
    "/api/segments/{number}": {"name": "s", "filters": "[]"},
    "/api/boards": {"site": "", "name": "b", "shared": False},
    "/api/boards/{number}": {"name": "b", "shared": True},
    "/api/boards/{number}/items": {"title": "t", "note": None, "view": VIEW},
    "/api/boards/{number}/items/{item}": {"title": "t", "note": "n", "view": VIEW, "place": 0},
    "/api/sites/{key}/rejected/replay": {"ids": [1], "error": "c"},
    "/api/sites/{key}/retention": {"days": 0},
    "/api/sites/{key}/erasures": {"user_id": "u"},
    "/api/sites/{key}/bots": {"visit_id": str(uuid4()), "bot": "b"},
    "/api/analytics/batch": {"common": {"days": 1}, "queries": [{"report": "pages", "limit": 1}]},
    "/api/jobs": {"report": "pages", "params": {"days": 1, "filters": ""}, "id": str(uuid4())},
    "/api/sites/{key}/alerts": {
        "name": "r",
        "kind": "revenue_above",
        "threshold": 1,
        "minimum": 1,
        "currency": "EUR",
        "email_to": [],
        "webhook": {"url": "https://127.0.0.1/"},
    },
    "/api/sites/{key}/alerts/{number}": {"name": "r", "threshold": 1, "is_active": True},
    "/api/sites/{key}/email-reports": {"address": "a@b.example", "every": "week"},
    "/api/notifications/read": {"ids": [1], "until": None},
    "/api/analytics/query": STATS,
    "/api/v2/query": {key: STATS[key] for key in ("site_id", "metrics", "date_range")},
}
"""For each route with a body one that is understood, or as good as that. Events are tried in
`tests/hostile`. The last route has the model and the function of the one before it, which is tried
with everything."""

EVENTS = (
    {"page": "/", "props": {"a": 1}, "session_id": "s", "timezone": "Europe/Berlin"},
    {"page": "/p", "duration": 3, "session_id": "s"},
    {"name": "e", "session_id": "s", "props": {"a": "x"}},
    {"name": "x", "session_id": "s", "props": {"a": 1}},
    {"name": "order", "session_id": "s", "revenue": {"amount": 1, "currency": "EUR"}},
)
"""So that there is something to compare with."""

MARK = "replaced by raw JSON"


def changed(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Copies of a JSON body, in each of which one value is replaced by MARK, and the name of the
    field in which that value is."""
    yield name, MARK
    places = body.items() if isinstance(body, dict) else enumerate(body)  # pyright: ignore
    for key, value in list(places):
        field = key if isinstance(key, str) else name
        inner = changed(value, field) if isinstance(value, dict | list) else ((field, MARK),)
        for changed_field, other in inner:
            copied = copy.copy(body)
            copied[key] = other
            yield changed_field, copied


@cache
def first_paths() -> dict[str, str]:
    """Maps the name of each field to the first path in BODIES whose body has that field."""
    found: dict[str, str] = {}
    for path, body in BODIES.items():
        for field, _ in changed(body):
            found.setdefault(field, path)
    return found


def raw_values(is_first: bool) -> Iterator[str]:
    """What to put there, as it stands in JSON."""
    yield from (*NUMBERS, *SHAPES) if is_first else (*SHAPES, "1e999", "9" * 400)
    yield from (json.dumps(text) for text in (TEXTS if is_first else FEW))


def own(site: TestSite, body: Any) -> Any:
    """The body, about this site."""
    named = {key: site.key for key in ("site", "site_id") if key in body}
    return body | named


def test_every_route_with_body_is_covered(app: FastAPI) -> None:
    with_body = {
        path
        for path, operations in app.openapi()["paths"].items()
        for operation in operations.values()
        if "application/json" in operation.get("requestBody", {}).get("content", ())
    }
    assert with_body == BODIES.keys() | {EVENTS_PATH}


@pytest.mark.parametrize("path", BODIES)
async def test_value_out_of_range_in_body_is_4xx(site: TestSite, app: FastAPI, path: str) -> None:
    await site.send(*EVENTS)
    url = path.replace("{key}", site.key).replace("{account}", "1")
    url = url.replace("{item}", "1")
    url = url.replace("{user_id}", str(2**40)).replace("{number}", str(2**40))  # of nobody
    (method,) = [
        method.upper()
        for method, operation in app.openapi()["paths"][path].items()
        if "requestBody" in operation
    ]
    json_headers = site.admin | {"Content-Type": "application/json"}
    faults: list[str] = []
    for field, body in changed(own(site, BODIES[path])):
        for value in raw_values(is_first=first_paths()[field] == path):
            text = json.dumps(body).replace(json.dumps(MARK), value)
            if said := await fault(site.client, method, url, content=text, headers=json_headers):
                faults.append(f"{text[:200]}: {said}")
    assert not faults, "\n".join(faults)


async def test_value_out_of_range_in_parameter_is_4xx(site: TestSite, app: FastAPI) -> None:
    await site.send(*EVENTS)
    faults: list[str] = []
    names: set[str] = set()
    for method, path, parameter in parameters(app):
        for value in FEW if parameter["name"] in names else values_for(parameter):
            url = address(site, path, parameter, value)
            body = None if method == "get" else {}
            if said := await fault(site.client, method, url, headers=site.admin, json=body):
                faults.append(f"{method} {path} {parameter['name']}={value[:60]!r}: {said}")
        names.add(parameter["name"])
    assert not faults, "\n".join(faults)


def values_for(parameter: dict[str, Any]) -> Iterator[str]:
    """The values to try: all NUMBERS for a parameter that is a number, all TEXTS for any other, and
    FEW of both for each."""
    schemas = [parameter["schema"], *parameter["schema"].get("anyOf", ())]
    is_number = any(schema.get("type") in ("integer", "number") for schema in schemas)
    yield from NUMBERS if is_number else TEXTS
    yield from FEW


def parameters(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every parameter; one that many routes understand in the same way, at the first of them."""
    known: set[str] = set()
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                text = json.dumps(parameter)
                if text not in known or parameter["in"] == "path":
                    yield method, path, parameter
                known.add(text)


def address(site: TestSite, path: str, parameter: dict[str, Any], value: str) -> str:
    """The address of a route with this value in one of its parameters."""
    name = parameter["name"]
    if parameter["in"] == "path":
        path = path.replace(f"{{{name}}}", encoded(value))
    path = re.sub(r"\{\w+\}", str(uuid4()), path.replace("{key}", site.key))
    asked = {"site": site.key} | dict.fromkeys(needed(path), "/")
    asked |= {name: value} if parameter["in"] == "query" else {}
    return f"{path}?{'&'.join(f'{key}={encoded(text)}' for key, text in asked.items())}"


def encoded(text: str) -> str:
    """Text as it stands in an address."""
    return "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))


async def fault(client: httpx.AsyncClient, method: str, url: str, **more: Any) -> str:
    """What is wrong with the answer to a request; empty for an answer, or a refusal in the one
    shape."""
    try:
        answer = await client.request(method, url, **more)
    except Exception as error:  # the application raises it again when it has answered with 500
        return repr(error)[:200]
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}"
    if answer.status_code < 400 or kind in ("text/html", "image/gif"):
        return ""
    try:
        is_told = is_refusal(answer)
    except AssertionError as wrong:
        return repr(wrong)[:500]
    return "" if is_told and len(answer.content) < 20_000 else answer.text[:200]
