"""How the database joins visits and events for a filter of which it knows no statistics."""

import re
from typing import Any

import pytest

from api.analytics.execute import explain, parse_query
from api.analytics.query import Filtered
from api.analytics.report import Report
from api.db.database import Database
from api.sites.directory import Sites
from asking import ANSWERING, NEEDED, in_query
from conftest import TestSite

FILTERS = {
    "visits": [["is", "device", ["mobile"]]],
    "events": [["is", "page", ["/pricing"]], ["is", "browser", ["Firefox"]]],
}

PAIRWISE = re.compile(r"Nested Loop [^\n]*\n *Join Filter: [^\n]* = ")
"""A join that compares each row of one side with each row of the other."""


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize(
    "report",
    [report for report in ANSWERING if issubclass(report.params, Filtered)],
    ids=lambda report: report.name,
)
async def test_filtered_report_compares_no_visits_and_events_pair_by_pair(
    site: TestSite, database: Database, report: Report[Any], filters: Any
) -> None:
    given = in_query({**NEEDED.get(report.name, {}), "filters": filters, "days": 7})
    params = report.params.model_validate({"site": site.key, **given})
    chosen = report.for_params(params)
    known = await Sites(database).find(site.key)
    query = await parse_query(database, chosen, params, known)
    _, plan = await explain(database, chosen, query)
    assert "Execution Time" in plan
    assert not PAIRWISE.search(plan), plan
