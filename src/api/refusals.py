"""The response to a request that failed, whatever failed in it."""

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import (
    DATABASE_AWAY,
    AnalyticsError,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    to_analytics_error,
)
from api.paths import ANY_ORIGIN, EVENTS_PATHS, allowed_methods
from api.validation import to_refusal


async def handle(request: Request, error: Exception) -> JSONResponse:
    """The HTTP response for any failure; of posted events, readable from any origin."""
    response = response_to(refusal_of(request, error))
    if request.scope["path"] in EVENTS_PATHS:
        response.headers.update(ANY_ORIGIN)
    return response


async def refuse_handshake(socket: WebSocket, error: Exception) -> None:
    """Refuses a WebSocket whose parameters are invalid."""
    assert isinstance(error, WebSocketRequestValidationError)
    await socket.send_denial_response(response_to(to_refusal(socket, error)))


def response_to(refusal: AnalyticsError) -> JSONResponse:
    """The HTTP response of a refusal."""
    return JSONResponse(refusal.body(), refusal.status, refusal.headers)


def refusal_of(request: Request, error: Exception) -> AnalyticsError:
    """The failure as one of our errors."""
    match error:
        case RequestValidationError():
            return to_refusal(request, error)
        case HTTPException(status_code=400):
            return Malformed("The body is not JSON.")
        case HTTPException(status_code=404):
            return NotFound("There is nothing at this path.")
        case HTTPException(status_code=405):
            return method_not_allowed(request)
        case _:
            return to_analytics_error(error)


def method_not_allowed(request: Request) -> MethodNotAllowed:
    """The refusal of a method, with those that the path has."""
    allow = allowed_methods(request.app, request.scope["path"])
    problem = Problem("method", f"this path does not have {request.method}", allow.split(", "))
    refusal = MethodNotAllowed(problems=[problem])
    refusal.headers["Allow"] = allow
    return refusal


def add_error_handlers(app: FastAPI) -> None:
    """Makes every failure of the application respond in the one shape."""
    families = (AnalyticsError, RequestValidationError, HTTPException, *DATABASE_AWAY, Exception)
    for family in families:
        app.add_exception_handler(family, handle)
    app.add_exception_handler(WebSocketRequestValidationError, refuse_handshake)
