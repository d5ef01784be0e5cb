"""ETags of answers: what has not changed is not sent again."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.analytics.reports import REPORTS
from api.revalidation import is_named
from api.sites.models import utc_now
from asking import NEED_HISTORY, needed
from conftest import TestSite

pytestmark = pytest.mark.any_engine

PAST = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=4)
SPAN = {"from": str(PAST.date()), "to": str(PAST.date() + timedelta(days=1)), "timezone": "UTC"}

PATHS = [f"/api/analytics/{report.name}" for report in REPORTS if report.name not in NEED_HISTORY]


async def get(
    site: TestSite, path: str, tag: str = "", method: str = "GET", **params: Any
) -> httpx.Response:
    asked = {"site": site.key, **SPAN, **needed(path), **params} if path != SCHEMA else params
    return await site.client.request(
        method, path, params=asked, headers={"If-None-Match": tag} if tag else {}
    )


SCHEMA = "/api/analytics/schema"


def event(minute: int) -> dict[str, str]:
    time = (PAST + timedelta(minutes=minute)).isoformat()
    return {"page": "/", "visitor_id": f"v{minute}", "time": time}


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ([], False),
        ([""], False),
        (["*"], True),
        (['W/"a"'], True),
        (['"a"'], True),
        (['"b", W/"a"'], True),
        (['"b"', '"c",W/"a"'], True),
        (['"b"'], False),
        (["a"], False),
        (['W/W/"a"'], False),
    ],
)
def test_if_none_match_names_etag_weak_or_not(conditions: list[str], named: bool) -> None:
    assert is_named('W/"a"', conditions) is named


@pytest.mark.parametrize("path", [*PATHS, "/api/events", SCHEMA])
async def test_unchanged_answer_is_304_without_body(site: TestSite, path: str) -> None:
    first = await get(site, path)
    assert first.status_code == 200, first.text
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    for method in ("GET", "HEAD"):
        again = await get(site, path, tag, method)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
        other = await get(site, path, 'W/"other"', method)
        assert (other.status_code, other.headers["etag"]) == (200, tag)


@pytest.mark.parametrize("form", ["json", "csv"])
async def test_late_event_changes_etag_of_past_range(site: TestSite, form: str) -> None:
    await site.send(event(0))
    first = await get(site, "/api/analytics/pages", format=form)
    tag = first.headers["etag"]
    assert (await get(site, "/api/analytics/pages", tag, format=form)).status_code == 304
    await site.send(event(1))
    changed = await get(site, "/api/analytics/pages", tag, format=form)
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert changed.content != first.content
    assert (await get(site, "/api/analytics/pages", tag, format=form)).status_code == 200


async def test_json_and_csv_and_other_parameters_have_other_etags(site: TestSite) -> None:
    await site.send(event(0))
    ways: list[dict[str, str]] = [{}, {"format": "csv"}, {"limit": "1"}, {"totals": "false"}]
    tags = {(await get(site, "/api/analytics/pages", **way)).headers["etag"] for way in ways}
    assert len(tags) == len(ways)


async def test_refusal_has_no_etag_and_is_not_304(site: TestSite) -> None:
    answer = await get(site, "/api/analytics/pages", "*", order="nonsense")
    assert answer.status_code == 422
    assert "etag" not in answer.headers


async def test_site_that_may_not_be_read_is_not_304(site: TestSite) -> None:
    path = "/api/analytics/pages?site=no-such-site"
    answer = await site.client.get(path, headers={"If-None-Match": "*"})
    assert answer.status_code == 401
