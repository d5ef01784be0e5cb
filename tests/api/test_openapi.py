"""What the service says of itself in its OpenAPI document, held against what it does.

Every operation is called many times with what the document allows, and with what it does not. No
answer is a 5xx, and every answer has a status, the content type and the shape that the document
promises.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ensure_resource_availability,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    object_level_authorization,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from api.db.engine import Profile
from api.sites.directory import DEMO_SITE
from asking import needed, needs_history
from conftest import SECRET, servers
from main import build_app
from oracle.telling import MORE
from processes import PATIENT, Service, running
from servers import fresh_database
from settings import Settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    allow_header_conformance,
    ensure_resource_availability,
    ignored_auth,
    missing_required_header,
    object_level_authorization,
    response_headers_conformance,
    unsupported_method,
    use_after_free,
]
"""Of every answer. Two more depend on what was asked: see `checks_of`."""

EXAMPLES = 5 * MORE
SEED = 2026

GUESSED_IN_VAIN = {"from", "to", "hours", "period", "compare", "compare_from", "compare_to"}
GUESSED_IN_VAIN |= {"timezone", "filters", "order", "pages", "dimension", "a", "b"}
GUESSED_IN_VAIN |= {"compare_filters"}
GUESSED_IN_VAIN |= {"after", "since", "limit"}  # Cursors; and a series has a limit by a dimension.

SENSIBLE: dict[str, Any] = {
    "site": DEMO_SITE,
    "site_id": DEMO_SITE,
    "metrics": ["visitors", "pageviews"],
    "date_range": "7d",
    "dimensions": ["visit:source"],
    "filters": [],
    "order_by": [],
    "include": {},
    "time": None,
    "timezone": "Europe/Berlin",
}
"""What is asked instead of what was guessed, by the name of a parameter or of a part of a body."""

BETWEEN_FIELDS = {"POST /api/events", "GET /pixel.gif", "POST /api/goals", "POST /api/jobs"}
BETWEEN_FIELDS |= {f"POST /api/auth/{path}" for path in ("register", "password", "password/reset")}
"""Operations that need one of two fields, text in a format of its own, a password that is hard to
guess, or parameters that depend on another field. The document does not say so: generators of
clients make nothing of it."""

REFUSED_WITHIN = {"POST /api/analytics/batch"}
"""Operations that refuse a part of what was sent in a response with status 200."""

REFUSED = {"negative_data_rejection": {"expected-statuses": ["4XX"]}}
"""Any status from 400 to 499 is a right refusal: a value that is too long gets 413 or 414."""

document = build_app(Settings(secret_key=SECRET)).openapi()
config = SchemathesisConfig.from_dict({"checks": REFUSED})
schema = schemathesis.openapi.from_dict(document, config=config)
operations = [found.ok() for found in schema.get_all_operations()]


def takes_something(operation: APIOperation) -> bool:
    """Whether there is anything to get wrong about it."""
    described = operation.definition.raw
    return "requestBody" in described or any(map(can_be_wrong, described.get("parameters", ())))


def can_be_wrong(parameter: dict[str, Any]) -> bool:
    """Whether there is something that it cannot be: a part of a path can be any text."""
    schema = parameter["schema"]
    is_text = schema.get("type") == "string" and "format" not in schema
    return parameter["in"] == "query" or (parameter["in"] == "path" and not is_text)


calls = [
    pytest.param(operation, mode, id=f"{operation.label} {mode.value}")
    for operation in operations
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or takes_something(operation)
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on the first server at hand, with the demo site's month of traffic in it."""
    address = servers.address(Profile.PLAIN)
    assert address is not None
    data_dir = tmp_path_factory.mktemp("openapi") / "data"
    environment = {"SECRET_KEY": SECRET, "JOBS": "false", "TIMESCALEDB": "off", **PATIENT}
    environment |= {"LOGIN_TRIES": "0"}
    with fresh_database(address) as url, running(data_dir, DATABASE_URL=url, **environment) as it:
        yield it
        it.stop()


@pytest.fixture(scope="module")
def login(service: Service) -> dict[str, str]:
    """The headers of the first account, which may do everything."""
    email, password = (service.data_dir / "first-login.txt").read_text().split()[:2]
    body = {"email": email, "password": password}
    answer = httpx.post(f"{service.base}/api/auth/login", json=body, timeout=60)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.parametrize(("operation", "mode"), calls)
def test_every_answer_matches_its_documentation(
    service: Service, login: dict[str, str], operation: APIOperation, mode: GenerationMode
) -> None:
    @seed(SEED)
    @hypothesis_settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_sensible=st.booleans())
    def ask(case: Case, is_sensible: bool) -> None:
        if is_sensible:
            make_sensible(case)
        answer = case.call(base_url=service.base, headers=login)
        case.validate_response(answer, checks=[*CHECKS, *checks_of(case, mode, is_sensible)])

    ask()


def checks_of(case: Case, mode: GenerationMode, is_sensible: bool) -> list[Any]:
    """What is checked of answers to what the document allows, and to what it does not.

    What was made sensible may no longer be what the document does not allow. An empty parameter is
    as good as none, although the document says that it is a number, for instance.
    """
    operation = case.operation.label
    if mode is GenerationMode.POSITIVE:
        is_known = not needs_history(case.path)
        is_valid = is_sensible and is_known and operation not in BETWEEN_FIELDS
        return [positive_data_acceptance] if is_valid else []
    is_empty = any(value in ("", {}, []) for value in case.query.values())
    is_invalid = not is_sensible and not is_empty and operation not in REFUSED_WITHIN
    return [negative_data_rejection] if is_invalid else []


def make_sensible(case: Case) -> None:
    """Asks about a site that there is, and replaces what a document cannot describe well enough to
    be guessed: ends of ranges, names, and texts in languages of their own."""
    for name in GUESSED_IN_VAIN & set(case.query):
        del case.query[name]
    case.query.update(needed(case.path))
    for told in (case.query, case.body):
        if isinstance(told, dict):
            told.update({name: value for name, value in SENSIBLE.items() if name in told})
