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
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.db.engine import Profile
from api.sites.directory import DEMO_SITE
from conftest import SECRET, servers
from main import build_app
from processes import Service, running
from servers import fresh_database
from settings import Settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 8
SEED = 2026

GUESSED_IN_VAIN = {"from", "to", "hours", "period", "compare", "compare_from", "compare_to"}
GUESSED_IN_VAIN |= {"timezone", "filters", "order", "pages", "dimension"}

SENSIBLE: dict[str, Any] = {
    "site": DEMO_SITE,
    "site_id": DEMO_SITE,
    "metrics": ["visitors", "pageviews"],
    "date_range": "7d",
    "dimensions": ["visit:source"],
    "filters": [],
    "order_by": [],
    "time": None,
}
"""What is asked instead of what was guessed, by the name of a parameter or of a part of a body."""

document = build_app(Settings(secret_key=SECRET)).openapi()
operations = [found.ok() for found in schemathesis.openapi.from_dict(document).get_all_operations()]


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
    environment = {"SECRET_KEY": SECRET, "JOBS": "false", "TIMESCALEDB": "off"}
    with fresh_database(address) as url, running(data_dir, DATABASE_URL=url, **environment) as it:
        yield it
        it.stop()


@pytest.fixture(scope="module")
def login(service: Service) -> dict[str, str]:
    """The headers of the first account, which may do everything."""
    email, password = (service.data_dir / "first-login.txt").read_text().split()[:2]
    body = {"email": email, "password": password}
    answer = httpx.post(f"{service.base}/api/auth/login", json=body)
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
        case.validate_response(answer, checks=CHECKS)

    ask()


def make_sensible(case: Case) -> None:
    """Asks about a site that there is, and replaces what a document cannot describe well enough to
    be guessed: ends of ranges, names, and texts in languages of their own."""
    for name in GUESSED_IN_VAIN & set(case.query):
        del case.query[name]
    if "/funnel" in case.path:
        case.query["steps"] = ["/", "/pricing"]
    for told in (case.query, case.body):
        if isinstance(told, dict):
            told.update({name: value for name, value in SENSIBLE.items() if name in told})
