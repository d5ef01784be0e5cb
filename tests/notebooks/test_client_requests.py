"""The requests that the client sends, and what it returns for responses. No service runs: each test
gives the client its responses."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from analytics_client import Analytics, AsyncAnalytics, NotTheService, Unavailable, Unreachable
from analytics_client import parameters as p
from analytics_client.calls import Call, Flow, Method, Pause, json_of, sent
from analytics_client.errors import refusal_of
from analytics_client.frames import Column, Library, Table, frame_of
from analytics_client.parameters import query_of
from analytics_client.reports import Reports
from analytics_client.sending import MOST_BYTES, EventFields, Sent, parts_of, size_of, too_large
from analytics_client.stats import COUNTS, MONEY
from api.analytics.raw.lists import RawParams
from api.analytics.schema_routing import SCHEMA
from api.events.models import EventIn
from conftest import ROUTED

CALL = Call("GET", "/api/analytics/pages")
OWN = {"format", "csv"}
"""Parameters about the form of an answer, which the client decides."""

METHODS = {
    "/api/events" if report.name == "event-buckets" else f"/api/analytics/{report.name}": report
    for report in ROUTED
}


def refused(status: int, **headers: str) -> httpx.Response:
    body = {"error": "UNAVAILABLE", "detail": "away", "problems": []}
    request = httpx.Request("GET", "http://test")
    return httpx.Response(status, json=body, headers=headers, request=request)


def driven(flow: Flow[Any], *responses: httpx.Response | httpx.RequestError) -> list[float]:
    """The pauses of a flow that gets these responses, one after the other."""
    left, pauses = [*responses], list[float]()
    step = next(flow)
    while True:
        try:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = flow.send(None)
            else:
                step = flow.send(left.pop(0))
        except StopIteration:
            assert not left
            return pauses


def path_of(method: Method[..., Any]) -> str:
    """The path that a method asks."""
    call = next(method.describe(Analytics("http://test", "", site="x")))
    assert isinstance(call, Call)
    return call.path


def reports() -> Iterator[tuple[str, Method[..., Any]]]:
    """The methods of reports by their paths."""
    for name, method in vars(Reports).items():
        if isinstance(method, Method) and name not in ("query", "live", "schema"):
            yield path_of(method), method


def test_each_report_has_method_with_its_parameters() -> None:
    methods = dict(reports())
    assert methods.keys() == METHODS.keys()
    for path, report in METHODS.items():
        taken = {name.removesuffix("_") for name in methods[path].__signature__.parameters}
        fields = report.params.model_fields
        assert taken == {field.alias or name for name, field in fields.items()} - OWN, path


def test_allowed_values_are_those_of_service() -> None:
    raw = {field.alias or name for name, field in RawParams.model_fields.items()}
    taken = {name.removesuffix("_") for name in p.Raw.__annotations__}
    assert taken == raw - OWN - {"limit", "after"}
    assert {*EventFields.__annotations__} == {*EventIn.__struct_fields__} - {"name"}


def test_types_of_metrics_are_those_of_service() -> None:
    whole = {metric.name for metric in SCHEMA.metrics if metric.type == "integer"}
    assert whole - MONEY == COUNTS


def test_parameters_are_sent_as_service_reads_them() -> None:
    given = {
        "from_": date(2026, 3, 1),
        "to": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "filters": [["is", "country", ["DE"]]],
        "steps": ["/pricing", {"event": "Signup"}],
        "rolling": True,
        "limit": 5,
        "dimension": None,
    }
    assert query_of(given, "shop") == {
        "site": "shop",
        "from": "2026-03-01",
        "to": "2026-03-02T12:00:00+00:00",
        "filters": '[["is", "country", ["DE"]]]',
        "steps": ["/pricing", '{"event": "Signup"}'],
        "rolling": "true",
        "limit": "5",
    }


def test_failures_that_may_pass_are_retried() -> None:
    away = httpx.ConnectError("refused")
    asked = {"Retry-After": "7"}
    pauses = driven(sent(CALL, 4), away, refused(503), refused(429, **asked), httpx.Response(200))
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1
    assert pauses[2:] == [7]


def test_other_refusals_are_not_retried() -> None:
    assert driven(sent(CALL, 4), refused(422)) == []
    assert driven(sent(CALL, 4), refused(429, **{"Retry-After": "3600"})) == []


def test_retries_end() -> None:
    with pytest.raises(Unreachable, match="GET /api/analytics/pages: gone"):
        driven(sent(CALL, 1), httpx.ReadError("gone"), httpx.ReadError("gone"))
    answered = sent(CALL, 0)
    next(answered)
    with pytest.raises(StopIteration) as end:
        answered.send(refused(503))
    with pytest.raises(Unavailable):
        json_of(end.value.value)


def test_refusal_says_what_is_allowed() -> None:
    problem = {"where": "period", "problem": "is not allowed", "allowed": ["7d", "30d"]}
    body = {"error": "INVALID", "detail": "…", "problems": [problem]}
    error = refusal_of(httpx.Response(422, json=body))
    assert str(error) == "INVALID: period: is not allowed (allowed: 7d, 30d)"


def test_answer_of_other_program_is_not_taken_for_refusal() -> None:
    request = httpx.Request("GET", "http://proxy.example")
    for response in (
        httpx.Response(502, text="<h1>Bad gateway", request=request),
        httpx.Response(404, json=["no"], request=request),
        httpx.Response(200, text="Log in", request=request),
    ):
        with pytest.raises(NotTheService, match=r"proxy\.example"):
            json_of(response)


def test_batches_fit_into_requests() -> None:
    events = [{"name": "x", "props": {"text": "y" * size}} for size in (10, 600_000, 600_000, 9)]
    events += [{"name": "z"}] * 2_500
    parts = [*parts_of(events)]
    assert [event for part in parts for event in part] == events
    assert all(sum(map(size_of, part)) <= MOST_BYTES for part in parts)
    assert [len(part) for part in parts] == [2, 1000, 1000, 502]


def test_reports_of_parts_are_joined() -> None:
    whole = Sent()
    problem = {"where": "0.page", "problem": "is too long", "allowed": None}
    whole.add({"accepted": 1, "duplicate": 1, "rejected": [], "ids": ["a", "b"]})
    whole.add({**too_large([{}]), "problems": [problem]})
    assert (whole.accepted, whole.duplicate, whole.ids) == (1, 1, ["a", "b", None])
    assert [rejected["index"] for rejected in whole.rejected] == [2]
    assert whole.problems[0].where == "2.page"


BERLIN = ZoneInfo("Europe/Berlin")
TABLE = Table(
    [
        *(Column("time", "time"), Column("day", "date"), Column("visits", "integer")),
        *(Column("rate", "number"), Column("page", "string"), Column("complete", "boolean")),
        *(Column("path", "list"), Column("props", "object")),
    ],
    [
        {
            **{"time": "2026-03-29T00:30:00.000000Z", "day": "2026-03-29", "visits": 2**60},
            **{"rate": 1, "page": "/", "complete": True, "path": ["/"], "props": {"a": 1}},
        },
        {
            **{"time": "2026-03-29T01:30:00.000000Z", "day": None, "visits": None, "rate": None},
            **{"page": None, "complete": None, "path": [], "props": None},
        },
    ],
    "Europe/Berlin",
)
"""Around the hour that is left out in spring; with each type, and with unknown values of each."""


def dtypes_of(library: Library) -> tuple[dict[str, str], Any]:
    """The types of the columns of a data frame, and its rows."""
    frame: Any = frame_of(TABLE, library)
    if library == "pandas":
        assert str(frame.index.dtype) == "datetime64[us, Europe/Berlin]"
        return frame.dtypes.astype(str).to_dict(), frame.reset_index().to_dict("records")
    if library == "polars":
        return {name: str(kind) for name, kind in frame.schema.items()}, frame.to_dicts()
    return {field.name: str(field.type) for field in frame.schema}, frame.to_pylist()


def test_pandas_has_types_of_columns() -> None:
    types, rows = dtypes_of("pandas")
    assert types == {
        **{"day": "datetime64[us]", "visits": "Int64", "rate": "float64"},
        **{"page": "string", "complete": "boolean", "path": "object", "props": "object"},
    }
    assert [row["time"].isoformat() for row in rows] == [
        "2026-03-29T01:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
    ]
    assert rows[0]["visits"] == 2**60


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_other_libraries_have_types_of_columns(library: Library) -> None:
    pytest.importorskip("pyarrow" if library == "arrow" else library)
    types, rows = dtypes_of(library)
    polars = ["Datetime(time_unit='us', time_zone='Europe/Berlin')", "Date", "Int64", "Float64"]
    polars += ["String", "Boolean", "List(String)", "String"]
    arrow = ["timestamp[us, tz=Europe/Berlin]", "date32[day]", "int64", "double", "string"]
    arrow += ["bool", "list<item: string>", "string"]
    assert [*types.values()] == (polars if library == "polars" else arrow)
    assert rows[0] == {
        **{"time": datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN), "day": date(2026, 3, 29)},
        **{"visits": 2**60, "rate": 1.0, "page": "/", "complete": True, "path": ["/"]},
        "props": '{"a": 1}',
    }
    unknown = {name: value for name, value in rows[1].items() if name not in ("time", "path")}
    assert {*unknown.values()} == {None}


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow", "rows"])
def test_answer_without_rows_keeps_its_columns(library: Library) -> None:
    if library in ("polars", "arrow"):
        pytest.importorskip("pyarrow" if library == "arrow" else library)
    frame: Any = frame_of(Table(TABLE.columns, []), library)
    assert len(frame) == 0
    if library == "pandas":
        assert [*frame.reset_index()] == [column.name for column in TABLE.columns]


def test_key_is_not_shown() -> None:
    for client in (
        Analytics("http://test", "ak_secret"),
        AsyncAnalytics("http://test", "ak_secret"),
    ):
        assert "secret" not in repr(client)
