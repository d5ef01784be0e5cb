"""The OpenAPI document: what the framework makes of the routes, and what it cannot know.

The framework describes parameters, bodies and successful responses. Added here are who has to log
in, with which refusals an operation may respond, the values that parameters of reports may have,
the bodies of events, and the WebSocket.
"""

import json
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import BaseRoute

from api.administration.live_trail import WEBSOCKETS as LIVE_TRAIL
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.reports.events import EVENT_BUCKETS
from api.auth.access import IN_PATH, known_caller, logged_in_caller, reader_of
from api.auth.application import database_part, sites_part
from api.errors import REFUSALS, Refusal
from api.events.ingest import ingest_part
from api.events.schema import EVENT_SCHEMAS
from api.health import readiness_of
from api.notifications.routing import WEBSOCKETS as NOTIFICATIONS
from api.realtime.routing import WEBSOCKETS
from api.sites.models import Role
from api.validation import check_request
from api.version import API_VERSION
from settings import Settings

Json = dict[str, Any]

TAGS = {
    "events": "Store events, one by one or in batches, and read one.",
    "analytics": "Reports: questions about a site and a range of time.",
    "raw": "Events and visits one by one, and what changed in them.",
    "jobs": "Questions that take long: submit one, and fetch its result later.",
    "goals": "Steps that are saved under a name: to count conversions, and to filter by.",
    "segments": "Filters that are saved under a name, for oneself or for a site.",
    "annotations": "Notes at days of a site, which charts show.",
    "boards": "Views of the dashboard and notes that somebody collects, orders and shares.",
    "live": "Numbers of this moment.",
    "alerts": "Alert rules: conditions on the numbers of a site, and who is told when one is met.",
    "email_reports": "The numbers of a site by e-mail, each week or month.",
    "notifications": "What your account is told of: jobs, alerts, goals.",
    "audit": "Who did what, and what was tried.",
    "accounts": "Your account: registration, logins, password and second factor.",
    "users": "All accounts, for superusers.",
    "sites": "Create, change and delete sites; and what editors of one may do: replay rejected"
    " events, erase a person, name a bot, and set how long raw data is kept.",
    "members": "Who may do what on a site: members, their roles, and invitations.",
    "keys": "API keys: what programs use instead of a login.",
    "shares": "Share links: whoever has one reads reports of a site, without an account.",
    "sql": "What login roles of the database read by SQL.",
    "tracker": "The script that web sites include.",
    "service": "Whether the service runs and is ready, its metrics, and its version.",
}

DESCRIPTION = """\
Web analytics that owns its data pipeline.

Times are UTC in ISO 8601, rates and shares are between 0 and 1, durations are seconds. A value that
is not known is null.

A request that is refused gets a `Refusal`, whatever the reason. Its `error` is a code, of which
`docs/api.md` has the table. Beside the refusals that are listed with an operation there are those
that any request may get: 405 for a method that the path does not have, with those that it has in
the header `Allow`; 408 and 431 for a request that is too slow or has too large headers; and 500 for
a mistake of ours.

A path means the same with and without a slash at its end. HEAD is answered where GET is, and
OPTIONS lists the methods of a path. Query parameters that an operation does not have are refused;
`events_send` and `events_pixel` ignore them.

Reports and the schema answer with an `ETag`. A request with `If-None-Match` gets 304 and no body if
nothing has changed. Responses are compressed with gzip where the request accepts it.

Fields may be added at any time: ignore those that you do not know.
"""

SCHEMAS = "#/components/schemas/{model}"

RETRY_AFTER = {
    "Retry-After": {"description": "How many seconds to wait.", "schema": {"type": "integer"}}
}

RATE_LIMIT = {
    "RateLimit-Policy": {
        "description": 'Amount and seconds of the limit: `"address";q=30000;w=60`.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of it, and for how many seconds: `"address";r=0;t=12`.',
        "schema": {"type": "string"},
    },
}

HEADERS: dict[int | str, Json] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    429: RETRY_AFTER | RATE_LIMIT,
    503: RETRY_AFTER,
}
"""The headers of refusals by status."""

REPORTS_BY_NAME = {report.name: report for report in (*REPORTS, EVENT_BUCKETS)}

CALLER = {reader_of}
"""What an operation that knows who asks depends on."""

DATABASE = {database_part, *CALLER, sites_part, ingest_part, readiness_of}
"""What an operation that needs the database depends on."""

LOGIN = {known_caller, logged_in_caller, *(IN_PATH[role] for role in Role if role != Role.VIEWER)}
"""What an operation that needs a login depends on."""


def description(settings: Settings) -> dict[str, Any]:
    """The arguments of the application that describe its API."""
    return {
        "title": "Analytics",
        "version": str(API_VERSION),
        "summary": "Events in, answers out.",
        "description": DESCRIPTION,
        "contact": {"name": "The operator", "url": settings.base_url or None},
        "license_info": {"name": "MIT", "identifier": "MIT"},
        "openapi_url": "/openapi.json" if settings.docs == "open" else None,
        "openapi_tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "servers": [{"url": settings.base_url or "/"}],
        "generate_unique_id_function": operation_id,
    }


def operation_id(route: APIRoute) -> str:
    """What generated clients call an operation: events_send, analytics_traffic_sources."""
    return re.sub(r"\W", "_", "_".join([*map(str, route.tags), route.name]))


class DescribedApi(FastAPI):
    """A FastAPI application whose OpenAPI document also has logins, refusals and WebSockets."""

    def openapi(self) -> Json:
        """The document. It is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi(), self.routes)
        return self.openapi_schema


def complete(document: Json, routes: Sequence[BaseRoute]) -> Json:
    """The document, with what the framework does not know of these routes."""
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, APIRoute) and route.include_in_schema:
            operations = document["paths"][route.path_format]
            for method in route.methods or ():
                describe(operations[method.lower()], route)
    components = document["components"]
    components["schemas"] |= deepcopy(EVENT_SCHEMAS) | schemas_of(Refusal)
    for schema in components["schemas"].values():
        tell_defaults(schema)
    components["responses"] = {str(status): response_of(status) for status in REFUSALS}
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    return document | {"x-websockets": WEBSOCKETS | LIVE_TRAIL | NOTIFICATIONS}


def tell_defaults(schema: Json) -> None:
    """Moves the defaults of fields into their descriptions: generators of TypeScript take a field
    that has one for a field that is never missing, in requests, too."""
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if default and "description" in field:
            field["description"] += f" By default {json.dumps(default)}."


def schemas_of(model: type[BaseModel]) -> Json:
    """The schemas of a model and of those that it refers to, by name."""
    schema = model.model_json_schema(ref_template=SCHEMAS, mode="serialization")
    return {**schema.pop("$defs", {}), model.__name__: schema}


def response_of(status: int | str) -> Json:
    """The refusal with this status."""
    schema = {"$ref": SCHEMAS.format(model=Refusal.__name__)}
    return {
        "description": REFUSALS[status]["description"],
        **({"headers": HEADERS[status]} if status in HEADERS else {}),
        "content": {"application/json": {"schema": schema}},
    }


def describe(operation: Json, route: RouteContext) -> None:
    """Adds who has to log in, refusals, values of parameters, and a summary if there is none."""
    calls = {*calls_of(route.dependant)}
    schemes = operation.get("security", [])
    operation["security"] = security(schemes, is_optional=not calls & LOGIN)
    operation["responses"] = responses(operation, {*refusals(operation, calls)})
    if "analytics" in route.tags and (report := REPORTS_BY_NAME.get(route.name or "")):
        name_values(operation["parameters"], report)
    if route.summary is None and route.description:
        operation["summary"] = first_sentence(route.description)


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """The functions that a route depends on, directly or not."""
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls_of(inner)


def security(schemes: Sequence[Json], is_optional: bool) -> list[Json]:
    """The ways to log in for an operation; {} is to do without, [] that there is no need ever."""
    return [{}, *schemes] if schemes and is_optional and {} not in schemes else [*schemes]


def refusals(operation: Json, calls: set[Any]) -> Iterator[int]:
    """The statuses of the refusals that follow from what an operation takes and needs."""
    places = {parameter["in"] for parameter in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    reasons = {
        (400, 413, 415): has_body,
        (401,): CALLER & calls,
        (404,): CALLER & calls and (has_body or places),
        (414, 431): "query" in places,
        (422,): has_body or places or check_request in calls,
        (503,): DATABASE & calls,
    }
    for statuses, reason in reasons.items():
        if reason:
            yield from statuses


def responses(operation: Json, refused: set[int]) -> Json:
    """The responses of an operation by status: its own, and a reference to each refusal."""
    own = {status: it for status, it in operation["responses"].items() if not is_refusal(it)}
    for response in own.values():
        for media in response.get("content", {}).values():
            media.setdefault("schema", {"type": "string"})
    statuses = {*map(str, refused), *operation["responses"]} - own.keys()
    shared = {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}
    return dict(sorted((own | shared).items()))


def is_refusal(response: Json) -> bool:
    """Whether a response is a refusal of ours, or what the framework takes for one."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return schema.get("$ref", "").endswith(("/Refusal", "/HTTPValidationError"))


def first_sentence(text: str) -> str:
    return " ".join(re.split(r"[.:;]\s", f"{text} ", maxsplit=1)[0].split())


def name_values(parameters: Sequence[Json], report: Report[Any]) -> None:
    """Lists the values of parameters of a report that are text to the framework."""
    usual = report.default_dimension
    columns = [*report.orders, *([usual.key] if usual else [])]
    orders = [f"{column}:{way}" for column in columns for way in ("desc", "asc")]
    values = {
        "dimension": [dimension.key for dimension in report.all_dimensions],
        "order": orders,
    }
    for parameter in parameters:
        if allowed := values.get(parameter["name"]):
            parameter["schema"] = {"type": "string", "enum": allowed}
        if parameter["name"] == "dimension" and usual:
            parameter["schema"]["default"] = usual.key
