"""The Python client against a service."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyarrow.parquet
import pytest

from analytics_client import (
    Analytics,
    AsyncAnalytics,
    Forbidden,
    Invalid,
    NotAllSent,
    NotFound,
    Unauthenticated,
)
from analytics_client import raw as raw_rows
from installations import Installation

NOON = (datetime.now(UTC) - timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
DAY = f"{NOON:%Y-%m-%d}"


@pytest.fixture(scope="module")
def shop(installation: Installation, full_key: str) -> Iterator[Analytics]:
    """A site in Tokyo with two visits."""
    installation.post("/api/sites", key="shop", domain="shop.example", timezone="Asia/Tokyo")
    with installation.client(full_key, site="shop") as client:
        sent = client.batch(
            {"visitor_id": visitor, "page": page, "time": NOON + timedelta(minutes=minute)}
            for visitor, page, minute in (("a", "/", 0), ("a", "/tea", 5), ("b", "/tea", 70))
        )
        assert (sent.accepted, sent.rejected) == (3, [])
        yield client


def test_series_is_indexed_by_local_time(shop: Analytics) -> None:
    series = shop.timeseries(from_=DAY, to=DAY, interval="day")
    assert [str(time) for time in series.index] == [f"{DAY} 00:00:00+09:00"]
    row = series.iloc[0]
    assert (row.visitors, row.visits, row.pageviews, row.bounce_rate) == (2, 2, 3, 0.5)
    assert (series.dtypes["visits"], series.dtypes["bounce_rate"]) == ("Int64", "float64")
    assert series.attrs["totals"]["visits"] == 2
    assert series.attrs["units"] == {"bounce_rate": "ratio", "visit_duration_seconds": "seconds"}


def test_comparison_has_columns(shop: Analytics) -> None:
    pages = shop.pages(from_=DAY, to=DAY, compare="previous")
    assert pages.set_index("page")["comparison.pageviews.difference"].to_dict() == {
        "/": 1,
        "/tea": 2,
    }


def test_query_has_columns_named_as_asked(shop: Analytics) -> None:
    asked = ["visitors", "bounce_rate", "total_revenue"]
    found = shop.query(asked, ["time:day", "event:page"], date_range=[DAY, DAY])
    assert [*found["event:page"]] == ["/tea", "/"]
    assert [*found["visitors"]] == [2, 1]
    assert [*found["bounce_rate"]] == [100, 0]
    assert found["total_revenue"].isna().all()
    assert {*found["time:day"]} == {datetime.fromisoformat(DAY)}
    assert found.dtypes["visitors"] == "Int64"


def test_every_report_answers(shop: Analytics) -> None:
    needed: dict[str, dict[str, Any]] = {
        "funnel": {"steps": ["/", {"page": "/tea"}]},
        "funnel_visitors": {"steps": ["/", "/tea"], "outcome": "reached"},
        "segments": {"a": [["is", "page", ["/"]]], "b": [["is", "page", ["/tea"]]]},
        "values": {"dimension": "page"},
    }
    for report in shop.schema()["reports"]:
        name = {"events": "custom_events"}.get(report["name"], report["name"])
        method = name.replace("-", "_").replace("/", "_")
        frame = getattr(shop, method)(from_=DAY, to=DAY, **needed.get(method, {}))
        assert {column["name"] for column in report["columns"]} <= {*frame.reset_index()}
    assert len(shop.event_buckets(from_=DAY, to=DAY)) == 3


def test_refusal_lists_all_problems(shop: Analytics) -> None:
    with pytest.raises(Invalid) as refused:
        shop.timeseries(days=-1, interval="fortnight")  # pyright: ignore[reportArgumentType]
    problems = {problem.where: problem for problem in refused.value.problems}
    assert problems.keys() == {"days", "interval"}
    assert "week" in (problems["interval"].allowed or ())
    with pytest.raises(NotFound):
        shop.pages(site="nowhere")


def test_key_limits_what_client_may_do(installation: Installation, reading_key: str) -> None:
    with installation.client(reading_key) as reader, pytest.raises(Forbidden):
        reader.track(page="/")
    with installation.client("ak_wrong") as stranger, pytest.raises(Unauthenticated):
        stranger.pages()


def test_raw_rows_come_in_pages(shop: Analytics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_rows, "PAGE_ROWS", 2)
    told: list[int] = []
    events = shop.events(from_=DAY, to=DAY, progress=told.append)
    rows = [*events]
    assert [(row["page"], row["time"]) for row in rows] == [
        ("/", NOON),
        ("/tea", NOON + timedelta(minutes=5)),
        ("/tea", NOON + timedelta(minutes=70)),
    ]
    assert told == [2, 3]
    frame = events.frame()
    assert [*frame.index] == [row["time"] for row in rows]
    assert str(frame.index.dtype) == "datetime64[us, Asia/Tokyo]"
    visits = shop.visits(from_=DAY, to=DAY).frame()
    assert [*visits.pageviews] == [2, 1]


def test_long_list_shows_bar_where_tqdm_is(
    shop: Analytics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tqdm")
    shop.events(from_=DAY, to=DAY).frame()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(raw_rows, "PAGE_ROWS", 2)
    shop.events(from_=DAY, to=DAY).frame()
    assert "3 rows" in capsys.readouterr().err


async def test_awaited_client_answers_the_same(
    installation: Installation, full_key: str, shop: Analytics
) -> None:
    async with AsyncAnalytics(installation.service.base, full_key, site="shop") as client:
        series = await client.timeseries(from_=DAY, to=DAY)
        assert series.equals(shop.timeseries(from_=DAY, to=DAY))
        rows = [row async for row in client.events(from_=DAY, to=DAY)]
        assert rows == [*shop.events(from_=DAY, to=DAY)]
        assert (await client.visits(from_=DAY, to=DAY).frame()).equals(
            shop.visits(from_=DAY, to=DAY).frame()
        )


def test_rejected_events_do_not_affect_others(shop: Analytics) -> None:
    events: list[dict[str, Any]] = [
        {"name": "Sent", "visitor_id": "c"},
        {"name": "Sent", "visitor_id": "c", "colour": "red"},
        {"name": "Sent", "visitor_id": "c", "props": {"text": "x" * 1_100_000}},
    ]
    sent = shop.batch(events)
    assert (sent.accepted, [one["index"] for one in sent.rejected]) == (1, [1, 2])
    assert sent.problems[0].where == "1.colour"
    assert "page" in (sent.problems[0].allowed or ())
    assert shop.batch(events[1:]).accepted == 0


@contextmanager
def losing_responses(base: str, *lost: int) -> Iterator[str]:
    """A proxy that passes requests on, and closes the connection instead of these responses."""
    number = itertools.count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
            answer = httpx.post(f"{base}{self.path}", content=body, headers=kept, timeout=60)
            if next(number) in lost:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_event_whose_response_was_lost_is_stored_once(
    installation: Installation, full_key: str, shop: Analytics
) -> None:
    name, event = f"Paid {uuid4()}", {"visitor_id": "d", "time": NOON, "page": "/pay"}
    with (
        losing_responses(installation.service.base, 0, 2) as address,
        Analytics(address, full_key, site="shop", retries=1) as client,
    ):
        assert client.track(name, **event)["name"] == name
        sent = client.batch([{**event, "name": name, "page": "/again"}])
    assert (sent.accepted, sent.duplicate) == (0, 1)
    stored = [row["page"] for row in shop.events(days=4) if row["name"] == name]
    assert sorted(stored) == ["/again", "/pay"]


def test_events_that_were_not_sent_can_be_sent_later(
    installation: Installation, full_key: str, shop: Analytics
) -> None:
    name = f"Later {uuid4()}"
    with (
        losing_responses(installation.service.base, 0) as address,
        Analytics(address, full_key, site="shop", retries=0) as client,
    ):
        with pytest.raises(NotAllSent) as failed:
            client.batch([{"name": name, "visitor_id": "e", "time": NOON}])
        sent = client.batch(failed.value.unsent)
    assert (sent.accepted, sent.duplicate) == (0, 1)
    assert sum(row["name"] == name for row in shop.events(days=4)) == 1


def test_environment_says_where_service_is(
    installation: Installation, reading_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_URL", installation.service.base)
    monkeypatch.setenv("ANALYTICS_KEY", reading_key)
    monkeypatch.setenv("ANALYTICS_SITE", "demo")
    with Analytics() as client:
        assert client.timeseries(days=30, interval="day").visits.sum() > 1_000


def test_raw_rows_become_a_parquet_file(
    shop: Analytics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_rows, "PAGE_ROWS", 2)
    told: list[int] = []
    events = shop.events(from_=DAY, to=DAY, progress=told.append)
    events.to_parquet(tmp_path / "events.parquet")
    rows = pyarrow.parquet.read_table(tmp_path / "events.parquet").to_pylist()
    assert [row["id"] for row in rows] == [row["id"] for row in shop.events(from_=DAY, to=DAY)]
    assert told[-1] == len(rows) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["events.parquet"]
