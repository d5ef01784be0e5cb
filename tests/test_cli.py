"""The command line, as an operator uses it."""

import pytest
import typer

from api.analytics.execute import explain, parse_query
from api.analytics.reports import REPORTS
from api.db.database import Database
from api.sites.directory import Sites
from cli.explain import params_from
from conftest import TestSite

BY_NAME = {report.name: report for report in REPORTS}


async def test_explain_shows_source_and_plan(site: TestSite, database: Database) -> None:
    await site.send({"page": "/", "visitor_id": "ann"})
    pages = BY_NAME["pages"]
    params = params_from(pages, [f"site={site.key}", "days=30"])
    found = await Sites(database).find(site.key)
    source, plan = await explain(database, pages, await parse_query(database, pages, params, found))
    assert source.startswith("rollup:weekly_pages")
    assert "Limit" in plan
    assert "Execution Time" in plan


def test_command_line_words_are_report_parameters() -> None:
    asked = ["pages=/", "pages=/pricing", "window=2", "unit=visit"]
    params = params_from(BY_NAME["funnel"], asked)
    assert params.model_dump(include={"pages", "window", "unit"}) == {
        "pages": ["/", "/pricing"],
        "window": 2,
        "unit": "visit",
    }


@pytest.mark.parametrize("asked", [["days=soon"], ["planet=Mars"], ["nonsense"]])
def test_invalid_report_parameters_are_refused(asked: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        params_from(BY_NAME["pages"], asked)
