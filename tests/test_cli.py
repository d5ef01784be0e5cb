"""The command line, as an operator uses it."""

from dataclasses import replace
from typing import Literal

import pytest
import typer

from api.analytics.execute import explain, parse_query
from api.analytics.query import Params
from api.analytics.reports import REPORTS
from api.db.database import Database
from api.errors import Invalid
from api.sites.directory import Sites
from cli.explain import params_from
from cli.installation import friendly_errors
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


def test_error_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), friendly_errors():
        raise Invalid("no such file: \x1b]0;owned\x07\n\u202eend")
    assert capsys.readouterr().err == "no such file: ?]0;owned?\n?end\n"


def test_command_line_words_are_report_parameters() -> None:
    asked = ["pages=/", "pages=/pricing", "window=2", "unit=visit"]
    params = params_from(BY_NAME["funnel"], asked)
    assert params.model_dump(include={"pages", "window", "unit"}) == {
        "pages": ["/", "/pricing"],
        "window": 2,
        "unit": "visit",
    }


class ShapeParams(Params):
    """One value, of a type whose text has the word list in it."""

    shape: Literal["list", "table"] = "table"


def test_parameter_is_a_list_by_its_type_and_not_by_its_text() -> None:
    report = replace(BY_NAME["heatmap"], params=ShapeParams)
    assert params_from(report, ["shape=list"]).model_dump(include={"shape"}) == {"shape": "list"}


@pytest.mark.parametrize("asked", [["days=soon"], ["planet=Mars"], ["nonsense"]])
def test_invalid_report_parameters_are_refused(asked: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        params_from(BY_NAME["pages"], asked)
