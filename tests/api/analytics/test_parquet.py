"""Parquet has the values of JSON, with types, for every report and for raw data."""

import io
import json
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from api.analytics import parquet_rows
from api.analytics.raw import responses
from archiving import MONTH, asked_of, fill
from asking import ANSWERING
from conftest import TestSite
from copies import EVENTS, VISITS, get, listed

TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "time": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "object": pa.string(),
}


@pytest.fixture
async def full(site: TestSite) -> TestSite:
    await fill(site)
    return site


async def table(site: TestSite, path: str, **params: Any) -> pa.Table:
    """What a question answers in Parquet."""
    answer = await get(site, path, format="parquet", **params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert ".parquet" in answer.headers["content-disposition"]
    return pq.read_table(io.BytesIO(answer.content))


def as_json(value: Any) -> Any:
    """A value of Parquet as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if hasattr(value, "isoformat") else value


def told(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row of JSON as Parquet has it: objects are text."""
    return {
        name: json.dumps(value, ensure_ascii=False)
        if columns[name] == "object" and value is not None
        else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("report", ANSWERING, ids=lambda report: report.name)
async def test_reports_have_the_values_and_types_of_json(full: TestSite, report: Any) -> None:
    params = {**MONTH, **asked_of(report.name)[0]}
    answer = await full.ask(report.name, **params)
    found = await table(full, f"/api/analytics/{report.name}", **params)
    columns = {column["name"]: column["type"] for column in answer["columns"]}
    assert found.column_names[: len(columns)] == [*columns]
    flat = {name: kind for name, kind in columns.items() if kind not in ("list", "object")}
    for name, kind in flat.items():
        assert found.schema.field(name).type == TYPES[kind], name
    if len(flat) == len(columns) and "recency_days" not in columns:  # it goes on meanwhile
        rows = [{k: as_json(v) for k, v in row.items()} for row in found.to_pylist()]
        assert [{name: row[name] for name in columns} for row in rows] == [
            {name: row[name] for name in columns} for row in answer["rows"]
        ]


async def test_answer_without_rows_has_its_columns(site: TestSite) -> None:
    found = await table(site, "/api/analytics/pages")
    assert found.num_rows == 0
    assert found.schema.field("page").type == pa.string()


async def test_lists_and_comparisons_have_the_columns_of_csv(full: TestSite) -> None:
    asked = {**MONTH, "compare": "previous"}
    path = "/api/analytics/pages"
    header = (await get(full, path, format="csv", **asked)).text.splitlines()[0]
    found = await table(full, path, **asked)
    assert found.column_names == json.loads(f"[{header}]")
    sessions = await table(full, "/api/analytics/sessions", **MONTH)
    assert "position" in sessions.column_names


@pytest.mark.parametrize("path", [EVENTS, VISITS])
async def test_raw_data_has_the_values_of_json_in_row_groups(
    full: TestSite, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_rows, "GROUP_ROWS", 20)
    monkeypatch.setattr(responses, "STREAM_ROWS", 7)
    answer = (await get(full, path, limit=1, **MONTH)).json()
    columns = {column["name"]: column["type"] for column in answer["columns"]}
    rows = await listed(full, path, **MONTH)
    response = await get(full, path, format="parquet", **MONTH)
    file = pq.ParquetFile(io.BytesIO(response.content))
    assert file.metadata.num_row_groups > 1
    assert {field.name: field.type for field in file.schema_arrow} == {
        name: TYPES[kind] for name, kind in columns.items()
    }
    found = [{k: as_json(v) for k, v in row.items()} for row in file.read().to_pylist()]
    assert found == [told(row, columns) for row in rows]


async def test_raw_data_of_an_empty_range_is_an_empty_table(site: TestSite) -> None:
    found = await table(site, EVENTS)
    assert (found.num_rows, found.column_names[:2]) == (0, ["time", "id"])


async def test_stream_that_breaks_off_is_no_parquet(
    full: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await get(full, EVENTS, format="parquet", **MONTH)).content
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(io.BytesIO(whole[:-1]))
