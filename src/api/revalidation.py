"""Responses that a client may keep, and use again after asking whether they have changed."""

import hashlib

from fastapi import Request, Response
from starlette.staticfiles import NotModifiedResponse

KEPT = {"Cache-Control": "private, no-cache"}
"""A browser may keep the response, a shared cache may not; and it has to ask before each use."""


def revalidated(request: Request, response: Response) -> Response:
    """The response with an ETag; 304 without a body if the client has this response already.

    The ETag is weak, as the same response may be compressed or not.
    """
    tag = f'W/"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers.update(KEPT | {"ETag": tag})
    if is_named(tag, request.headers.getlist("if-none-match")):
        return NotModifiedResponse(response.headers)
    return response


def is_named(tag: str, conditions: list[str]) -> bool:
    """Whether values of If-None-Match name this ETag, weak or not (RFC 9110, 13.1.2)."""
    named = [part.strip() for condition in conditions for part in condition.split(",")]
    return "*" in named or tag.removeprefix("W/") in [one.removeprefix("W/") for one in named]
