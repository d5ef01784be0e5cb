"""Every route has a limit for its body, however that is sent."""

import re
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.body_limit import MAX_BODY_BYTES
from api.events.receive.body import MAX_BODY_BYTES as MAX_EVENTS_BYTES
from api.paths import EVENTS_PATH
from refusals import is_refusal

pytestmark = pytest.mark.any_engine

KINDS = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "",
)


def doors(app: FastAPI) -> Iterator[tuple[str, str, int]]:
    """Each route's method and path, with how long its body may be; and some that are no route."""
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{\w+(:\w+)?\}", str(uuid4()), route.path or "")
        for method in sorted(route.methods or {"GET"}):
            takes_events = (method, path) == ("POST", EVENTS_PATH)
            yield method, path, MAX_EVENTS_BYTES if takes_events else MAX_BODY_BYTES
    yield from ((method, "/nowhere", MAX_BODY_BYTES) for method in ("GET", "POST", "BREW"))


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """A body without a length."""
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


async def answers(client: httpx.AsyncClient, app: FastAPI, more: int) -> dict[str, httpx.Response]:
    """What each route says to a body of its limit and so many bytes, of each kind, in one piece
    and in many."""
    said: dict[str, httpx.Response] = {}
    for method, path, most in doors(app):
        for kind in KINDS if not path.startswith("/static") else KINDS[:1]:
            body = b"x" * (most + more)
            for way, content in (("length", body), ("chunked", in_pieces(body))):
                headers = {"Content-Type": kind, "Authorization": "Bearer x"}
                answer = await client.request(method, path, content=content, headers=headers)
                said[f"{method} {path} {kind} {way}"] = answer
    return said


async def test_body_one_byte_over_limit_is_refused_with_413(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    said = await answers(client, app, more=1)
    assert len(said) > 300
    multipart = "POST /api/events multipart"  # refused before its length matters
    wrong = {
        request: (answer.status_code, answer.text[:200])
        for request, answer in said.items()
        if not request.startswith(multipart) and not is_too_large(answer)
    }
    assert not wrong


def is_too_large(answer: httpx.Response) -> bool:
    """Whether this says so in the shape of all errors."""
    is_head = answer.request.method == "HEAD"
    return answer.status_code == 413 and (is_head or is_refusal(answer, "TOO_LARGE"))


async def test_body_of_exactly_the_limit_is_not_too_large(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    said = await answers(client, app, more=0)
    assert not [request for request, answer in said.items() if answer.status_code == 413]
    assert not [request for request, answer in said.items() if answer.status_code >= 500]


@pytest.mark.parametrize("length", ["65537", "0" * 5000 + "1", "9" * 19, "9" * 5000])
async def test_content_length_over_limit_is_refused_unread(
    client: httpx.AsyncClient, length: str
) -> None:
    headers = {"Content-Length": length, "Expect": "100-continue"}
    answer = await client.post("/api/auth/login", content=b"", headers=headers)
    assert answer.status_code == 413


async def test_body_in_pieces_reaches_route_whole(client: httpx.AsyncClient) -> None:
    email = f"{uuid4()}@test.example"
    body = f'{{"email": "{email}", "password": "a long enough password"}}'.ljust(MAX_BODY_BYTES)
    answer = await client.post(
        "/api/auth/register",
        content=in_pieces(body.encode()),
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["email"]) == (201, email)
