"""CSV is exactly the JSON rows, and reads back into the same values."""

import io
from typing import Any

import pandas as pd
import pytest

from api.analytics.csv_rows import csv_line
from asking import ANSWERING, NEEDED
from conftest import TestSite

DAY = {"from": "2026-03-10", "to": "2026-03-10"}
NASTY = ["plain", "a,b", 'say "hi"', "two\nlines", "tab\there", "=1+1", " @x", "ünï", "NA", ""]


@pytest.fixture
async def busy(site: TestSite) -> TestSite:
    """A site with something in every report, and with texts that are hard to write as CSV."""
    await site.client.post(
        "/api/goals", json={"site": site.key, "name": "Goal", "page": "/"}, headers=site.admin
    )
    when = {"time": "2026-03-10T09:00:00Z"}
    later = {"time": "2026-03-10T09:05:00Z"}
    crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    await site.send(
        *({"visitor_id": n, "page": "/", "utm_source": text, **when}
          for n, text in enumerate(NASTY)),
        {"visitor_id": 1, "page": "/next", **later},
        {"visitor_id": 1, "page": "/", "name": "Buy", "props": {"plan": "=pro"},
         "revenue": {"amount": 5.25, "currency": "EUR"}, **later},
        {"page": "/", "user_agent": crawler, **when},
        {"page": "/", "name": "web_vital", "props": {"name": "LCP", "value": 1234.5}, **when},
        {"page": "/", "name": "js_error", "props": {"message": "=x, \"y\""}, **when},
    )  # fmt: skip
    return site


async def csv(site: TestSite, report: str, **params: Any) -> Any:
    """The response to a report that is asked for as CSV."""
    asked = {"site": site.key, "format": "csv", **DAY, **params}
    answer = await site.client.get(f"/api/analytics/{report}", params=asked)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8", answer.text
    return answer


def read(text: str) -> pd.DataFrame:
    """What pandas makes of it without help but for one thing: it takes "NA" for nothing."""
    return pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[])


WITHOUT_ROWS = ("churn", "imported", "correlations")
"""Reports that need users, numbers of another product, or many visits to have rows."""


@pytest.mark.parametrize("report", ANSWERING, ids=lambda report: report.name)
async def test_columns_and_values_are_those_of_json(busy: TestSite, report: Any) -> None:
    params = NEEDED.get(report.name, {})
    answer = await busy.ask(report.name, **DAY, **params)
    text = (await csv(busy, report.name, **params)).text
    names = [column["name"] for column in answer["columns"]]
    assert answer["rows"] or report.name in WITHOUT_ROWS
    found = read(text)
    assert list(found.columns)[: len(names)] == names
    if "list" in {column["type"] for column in answer["columns"]}:
        return
    assert len(found) == len(answer["rows"])
    for got, row in zip(found.to_dict("records"), answer["rows"], strict=True):
        for name, value in row.items():
            wanted = "" if value is None else value
            assert str(got[name]) == str(wanted) or float(got[name]) == wanted, (
                name,
                got[name],
                value,
            )


async def test_texts_are_quoted_and_null_is_nothing(busy: TestSite) -> None:
    lines = (await csv(busy, "events")).text.split("\r\n")
    assert lines[0].startswith('"name","value","custom_events"')
    assert lines[1].startswith('"Buy",,1,')
    sources = (await csv(busy, "traffic-sources", limit=100)).text
    assert '\r\n"",' in sources
    assert '"say ""hi"""' in sources


async def test_numbers_times_and_booleans_get_their_types_from_pandas(busy: TestSite) -> None:
    series = pd.read_csv(io.StringIO((await csv(busy, "timeseries")).text))
    assert series["complete"].dtype == bool
    assert series["visitors"].dtype == "int64"
    assert series["bounce_rate"].dtype == "float64"
    assert (pd.to_datetime(series["time"]).diff().dropna() == pd.Timedelta("1h")).all()
    json_rows = pd.DataFrame((await busy.ask("timeseries", **DAY))["rows"])
    assert pd.to_datetime(json_rows["time"]).dt.tz is not None
    assert list(json_rows["time"]) == list(series["time"])


async def test_lists_become_lines_with_number_of_entry(busy: TestSite) -> None:
    answer = await busy.ask("retention", interval="day", periods=2, **DAY)
    found = read((await csv(busy, "retention", interval="day", periods=2)).text)
    assert list(found.columns) == ["cohort", "size", "retained", "rates", "period"]
    assert list(found["period"]) == [0, 1]
    assert [int(n) for n in found["retained"]] == answer["rows"][0]["retained"]
    visits = read((await csv(busy, "sessions", order="pageviews")).text)
    assert list(visits["path"][:2]) == ["/", "/next"]
    assert list(visits["position"][:2]) == [0, 1]


async def test_comparison_has_columns_of_its_own(busy: TestSite) -> None:
    found = read((await csv(busy, "pages", compare="previous")).text)
    assert list(found["comparison.pageviews.difference"]) == [10, 1]


async def test_text_that_spreadsheets_run_is_changed_only_for_them(busy: TestSite) -> None:
    plain = (await csv(busy, "events", property="plan")).text
    assert '"=pro"' in plain
    excel = (await csv(busy, "events", property="plan", csv="excel")).text
    assert '"\'=pro"' in excel
    sources = (await csv(busy, "traffic-sources", csv="excel", limit=100)).text
    assert '"\'=1+1"' in sources


def test_formulas_are_guarded_wherever_spreadsheets_look_for_them() -> None:
    for hidden in ("a;=1", "\uff1d1", "\ufeff=1", "\u200b=1", "a; \t+1", "-1", "x;\uff20y"):
        line = csv_line([hidden], "excel")
        assert line.count("'") == 1, hidden
        assert line.replace("'", "") == csv_line([hidden], "plain")
    for plain in ("a=1", "a;b", "", ";", "e-mail"):
        assert csv_line([plain], "excel") == csv_line([plain], "plain")


async def test_headers_tell_that_rows_are_missing(busy: TestSite) -> None:
    some = await csv(busy, "pages", limit=1)
    assert (some.headers["X-Total-Rows"], some.headers["X-Next-Offset"]) == ("2", "1")
    rest = await csv(busy, "pages", limit=1, offset=1)
    assert rest.headers["X-Total-Rows"] == "2"
    assert "X-Next-Offset" not in rest.headers
