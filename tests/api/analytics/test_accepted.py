"""The header Accept chooses the format of an answer, where the query does not."""

import io
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.accepted import MEDIA_TYPES, preferred
from conftest import TestSite

pytestmark = pytest.mark.any_engine

PARQUET = "application/vnd.apache.parquet"
OFFERED = ["json", "ndjson", "csv", "parquet"]

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"

LISTS = ("/api/events/raw", "/api/visits")


async def get(site: TestSite, path: str, accept: str | None, **more: Any) -> httpx.Response:
    """The answer to a question about a range of the past, with this header."""
    headers = more.pop("headers", {}) | ({} if accept is None else {"Accept": accept})
    asked = {"site": site.key, "from": "2026-03-02", "to": "2026-03-03", **more}
    return await site.client.get(path, params=asked, headers=site.admin | headers)


@pytest.fixture
async def full(site: TestSite) -> TestSite:
    """A site with two visits on a day of the past."""
    views = [("/a", "ann"), ("/b", "ann"), ("/a", "bob")]
    time = "2026-03-02T12:00:00Z"
    await site.send(*[{"page": page, "visitor_id": who, "time": time} for page, who in views])
    return site


@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "image/png", BROWSER, "text/csv;q=0", "text/csv;q=2", ";;,,=", "\x7f"],
)
async def test_header_that_wants_no_file_gets_json(full: TestSite, accept: str | None) -> None:
    plain = await get(full, "/api/analytics/pages", None)
    answer = await get(full, "/api/analytics/pages", accept)
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == plain.content


async def test_unknown_format_is_refused_whatever_is_accepted(full: TestSite) -> None:
    for path, last in (("/api/analytics/pages", "parquet"), (LISTS[0], "parquet")):
        answer = await get(full, path, "text/csv", format="xlsx")
        assert answer.status_code == 422
        (problem,) = answer.json()["problems"]
        assert (problem["where"], problem["allowed"][-1]) == ("format", last)


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", "csv"),
        ("TEXT/CSV ; charset=utf-8", "csv"),
        (PARQUET, "parquet"),
        ("application/x-ndjson", "ndjson"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("text/csv, */*", "csv"),
        ("application/json, text/csv", "json"),
        ("text/csv, application/json", "json"),
        ("text/csv;q=0.5, application/json;q=0.4", "csv"),
        (f"text/csv;q=0.5, {PARQUET};q=0.501", "parquet"),
        ("application/json;q=0, */*", "ndjson"),
        ("*/*;q=0.1, text/csv;q=0, application/json;q=0.05", "ndjson"),
        ("text/*;q=0.9, text/csv;q=0.1, application/json;q=0.5", "json"),
        ("text/csv;q=1.5, application/json;q=0.1", "json"),
        ("text/csv;q=0.1;q=0.9, application/json;q=0.5", "json"),
    ],
)
def test_most_wanted_format_is_chosen(accept: str, wanted: str) -> None:
    assert preferred([accept], OFFERED) == wanted
    assert preferred(accept.split(","), OFFERED) == wanted


@given(st.text() | st.text("*/,;q=.01 cstvexjonapli"))
def test_any_header_chooses_one_of_the_formats(accept: str) -> None:
    assert preferred([accept], OFFERED) in OFFERED


WEIGHTS = st.sampled_from(["0", "0.1", "0.25", "0.5", "0.75", "1"])


@given(st.dictionaries(st.sampled_from(OFFERED), WEIGHTS, min_size=1))
def test_format_with_the_largest_weight_is_chosen(weights: dict[str, str]) -> None:
    header = ", ".join(f"{MEDIA_TYPES[name]};q={weight}" for name, weight in weights.items())
    most = max(float(weight) for weight in weights.values())
    first = next(name for name in OFFERED if float(weights.get(name, 0)) == most)
    assert preferred([header], OFFERED) == (first if most else "json")


@pytest.mark.parametrize("path", ["/api/analytics/pages", "/api/events", *LISTS])
@pytest.mark.parametrize(("accept", "form"), [("text/csv", "csv"), (PARQUET, "parquet")])
async def test_accepted_answer_is_the_one_of_the_format(
    full: TestSite, path: str, accept: str, form: str
) -> None:
    answer = await get(full, path, accept)
    assert answer.status_code == 200
    named = await get(full, path, None, format=form)
    assert answer.headers["content-type"] == named.headers["content-type"]
    assert answer.headers["content-type"].partition(";")[0] == accept
    assert answer.headers["content-disposition"] == named.headers["content-disposition"]
    if form == "parquet":
        files = (io.BytesIO(one.content) for one in (answer, named))
        found, wanted = map(pq.read_table, files)
        assert found.equals(wanted)
        assert found.num_rows
    else:
        assert answer.text == named.text
        assert "\n" in answer.text.strip()


async def test_raw_data_come_as_json_lines(full: TestSite) -> None:
    for path in LISTS:
        answer = await get(full, path, "application/x-ndjson")
        assert answer.text == (await get(full, path, None, format="ndjson")).text


async def test_format_of_the_query_wins(full: TestSite) -> None:
    for path in ("/api/analytics/pages", *LISTS):
        answer = await get(full, path, "text/csv", format="json")
        assert answer.headers["content-type"] == "application/json"
        answer = await get(full, path, "application/json", format="csv")
        assert answer.headers["content-type"].startswith("text/csv")


async def test_caches_keep_formats_apart(full: TestSite) -> None:
    tags = set[str]()
    for accept in ("application/json", "text/csv", PARQUET):
        answer = await get(full, "/api/analytics/pages", accept)
        assert answer.headers.get_list("vary", split_commas=True) == ["Accept", "Accept-Encoding"]
        unchanged = {"If-None-Match": answer.headers["etag"]}
        again = await get(full, "/api/analytics/pages", accept, headers=unchanged)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["vary"] == answer.headers["vary"]
        for other in {"application/json", "text/csv", PARQUET} - {accept}:
            changed = await get(full, "/api/analytics/pages", other, headers=unchanged)
            assert changed.status_code == 200
        tags.add(answer.headers["etag"])
    assert len(tags) == 3


async def test_raw_data_vary_by_what_is_accepted(full: TestSite) -> None:
    for accept in ("application/json", "text/csv"):
        answer = await get(full, LISTS[0], accept)
        assert answer.headers.get_list("vary", split_commas=True) == ["Accept", "Accept-Encoding"]
