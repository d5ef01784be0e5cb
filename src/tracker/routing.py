"""GET /script.js, /script-more.js and /script-vitals.js: the tracker that web sites include."""

import gzip
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import APIRouter, Request, Response

router = APIRouter(tags=["tracker"])

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/javascript": {"schema": {"type": "string"}}},
        "description": "The script.",
    },
    304: {"description": "The script that If-None-Match names is the current one."},
}


class Script(NamedTuple):
    """A script as it is served."""

    plain: bytes
    compressed: bytes
    headers: dict[str, str]


def script_of(name: str) -> Script:
    plain = (Path(__file__).parent / name).read_bytes()
    headers = {
        "Content-Type": "text/javascript; charset=utf-8",
        "Cache-Control": "public, max-age=3600",
        "ETag": f'"{hashlib.sha256(plain).hexdigest()[:16]}"',
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    return Script(plain, gzip.compress(plain, 9, mtime=0), headers)


CORE = script_of("script.min.js")
WHOLE = script_of("script-more.min.js")
VITALS = script_of("script-vitals.min.js")


@router.get("/script.js", response_class=Response, responses=RESPONSES)
async def script(request: Request) -> Response:
    """The browser tracker, under 2 kB compressed, for a `script` element of web pages."""
    return answer(CORE, request)


@router.get("/script-more.js", response_class=Response, responses=RESPONSES)
async def script_more(request: Request) -> Response:
    """The browser tracker with automatic events and all options, in the place of `/script.js`."""
    return answer(WHOLE, request)


@router.get("/script-vitals.js", response_class=Response, responses=RESPONSES)
async def script_vitals(request: Request) -> Response:
    """Web vitals and JavaScript errors, beside `/script.js` or `/script-more.js`."""
    return answer(VITALS, request)


def answer(script: Script, request: Request) -> Response:
    if request.headers.get("if-none-match") == script.headers["ETag"]:
        return Response(status_code=304, headers=script.headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(script.compressed, headers=script.headers | {"Content-Encoding": "gzip"})
    return Response(script.plain, headers=script.headers)
