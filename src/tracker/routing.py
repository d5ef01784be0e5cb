"""GET /script.js: the tracker that web sites include."""

import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

router = APIRouter(tags=["tracker"])

SCRIPT = (Path(__file__).parent / "script.min.js").read_bytes()
COMPRESSED = gzip.compress(SCRIPT, 9, mtime=0)

SCHEMA = {"text/javascript": {"schema": {"type": "string"}}}

HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600",
    "ETag": f'"{hashlib.sha256(SCRIPT).hexdigest()[:16]}"',
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


@router.get(
    "/script.js",
    response_class=Response,
    responses={
        200: {"content": SCHEMA, "description": "The script."},
        304: {"description": "The script that If-None-Match names is the current one."},
    },
)
async def script(request: Request) -> Response:
    """The browser tracker, under 2 kB compressed, for a `script` element of web pages."""
    if request.headers.get("if-none-match") == HEADERS["ETag"]:
        return Response(status_code=304, headers=HEADERS)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(COMPRESSED, headers=HEADERS | {"Content-Encoding": "gzip"})
    return Response(SCRIPT, headers=HEADERS)
