"""The values of a dimension, for suggestions; and the schema of what can be asked."""

from collections import Counter
from typing import Any

import httpx
import pytest

from api.analytics.reports import REPORTS
from conftest import TestSite

DAY = {"from": "2026-03-10", "to": "2026-03-10"}


@pytest.fixture
async def busy(site: TestSite) -> TestSite:
    """A site with sources, pages and custom events of various numbers."""
    told = [("alpha", "/A"), ("alpha", "/a/b"), ("Beta", "/A"), ("", "/A"), ("al_x", "/c")]
    await site.send(
        *({"visitor_id": n, "utm_source": source, "page": page,
           "time": f"2026-03-10T10:00:0{n}Z"} for n, (source, page) in enumerate(told)),
        {"visitor_id": 0, "page": "/A", "name": "Buy", "time": "2026-03-10T10:01:00Z"},
    )  # fmt: skip
    return site


async def values(site: TestSite, dimension: str, **params: Any) -> dict[str, int]:
    """The values with their numbers, in order."""
    answer = await site.ask("values", dimension=dimension, **DAY, **params)
    return {row[dimension]: row["count"] for row in answer["rows"]}


@pytest.mark.parametrize("refreshed", [False, True])
async def test_values_are_sorted_by_frequency_without_unknown(
    busy: TestSite, refreshed: bool
) -> None:
    if refreshed:
        await busy.refresh()
    sources = await values(busy, "source")
    assert Counter(n for n in sources.values()) == {2: 1, 1: 2}
    assert next(iter(sources)).lower() == "alpha"
    assert await values(busy, "page") == {"/A": 3, "/a/b": 1, "/c": 1}
    assert await values(busy, "event") == {"pageview": 5, "Buy": 1}
    assert list(await values(busy, "entry_page", limit=1)) == ["/A"]


async def test_values_contain_text_in_any_case(busy: TestSite) -> None:
    assert list(await values(busy, "page", q="/a")) == ["/A", "/a/b"]
    assert [name.lower() for name in await values(busy, "source", q="_")] == ["al_x"]
    assert await values(busy, "source", q="%") == {}
    assert await values(busy, "page", q="nowhere") == {}


async def test_values_come_from_rollups(busy: TestSite) -> None:
    for dimension in ("source", "page", "browser", "country", "entry_page"):
        assert "rollup:" in (await busy.ask("values", dimension=dimension, **DAY))["engine"]


async def test_values_are_filtered_and_paged(busy: TestSite) -> None:
    filters = '[["is", "page", ["/c"]]]'
    assert [name.lower() for name in await values(busy, "source", filters=filters)] == ["al_x"]
    answer = await busy.ask("values", dimension="page", limit=1, **DAY)
    assert answer["page"] == {"total": 3, "next": 1}


async def test_schema_lists_what_can_be_asked(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/analytics/schema")).json()
    assert [report["name"] for report in told["reports"]] == [report.name for report in REPORTS]
    pages = next(report for report in told["reports"] if report["name"] == "pages")
    assert "detail" in pages["parameters"]
    assert {"name": "bounce_rate", "type": "number", "unit": "ratio"}.items() <= next(
        column for column in pages["columns"] if column["name"] == "bounce_rate"
    ).items()
    names = {one["name"] for one in told["dimensions"]}
    assert {"source", "country", "page", "goal"} <= names
    assert all(one["description"] for kind in ("metrics", "dimensions") for one in told[kind])
    assert {"is", "contains_not", "and", "not"} <= set(told["operators"])
