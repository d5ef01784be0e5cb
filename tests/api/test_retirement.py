"""An operation that will go away says so in each response and in the document."""

from datetime import date

import httpx
import pytest
from fastapi import APIRouter, Depends

from api.errors import NotFound
from api.retirement import retiring
from api.validation import check_request
from conftest import SECRET
from main import build_app
from settings import Settings

HEADERS = {
    "deprecation": "@1798761600",
    "sunset": "Sat, 01 Jan 2028 00:00:00 GMT",
    "link": '</api/v2/old>; rel="successor-version"',
}

router = APIRouter()


@router.get("/api/old", **retiring(date(2027, 1, 1), date(2028, 1, 1), "/api/v2/old"))
def old(missing: bool = False) -> int:
    """An operation that will go away."""
    if missing:
        raise NotFound
    return 1


app = build_app(Settings(secret_key=SECRET))
app.include_router(router, dependencies=[Depends(check_request)])


async def ask(method: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, path)


def test_operation_with_too_little_notice_is_refused_by_the_code() -> None:
    with pytest.raises(ValueError, match="365 days"):
        retiring(date(2027, 1, 1), date(2027, 12, 31), "/api/v2/old")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("method", "query", "status"),
    [
        ("GET", "", 200),
        ("HEAD", "", 200),
        ("GET", "?missing=1", 404),
        ("GET", "?missing=maybe", 422),
        ("GET", "?unknown=1", 422),
    ],
)
async def test_responses_of_retiring_operation_have_the_headers(
    method: str, query: str, status: int, slash: str
) -> None:
    answer = await ask(method, f"/api/old{slash}{query}")
    assert answer.status_code == status
    assert HEADERS.items() <= answer.headers.items()


async def test_other_operations_do_not_have_the_headers() -> None:
    answer = await ask("GET", "/healthz")
    assert answer.status_code == 200
    assert not HEADERS.keys() & answer.headers.keys()


def test_document_marks_retiring_operation() -> None:
    operation = app.openapi()["paths"]["/api/old"]["get"]
    assert operation["deprecated"] is True
    assert operation["x-deprecation"]["Sunset"] == HEADERS["sunset"]
