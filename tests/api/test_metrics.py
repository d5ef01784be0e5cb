"""What the service says about itself: to Prometheus, and in its logs."""

import json
import logging
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.logs import JsonFormatter, TextFormatter
from conftest import TestSite
from exposition import numbers_in, numbers_of
from processes import PATIENT, running
from settings import Settings


async def test_metrics_count_outcome_of_events(site: TestSite, app: FastAPI) -> None:
    before = await numbers_of(app)
    event = {"site": site.key, "page": "/", "id": site.key}
    batch = [event, event, event, {"site": site.key, "pgae": "/"}]
    await site.client.post("/api/events/", json=batch)
    await site.client.post("/api/events/", content=b"{")
    after = await numbers_of(app)
    grown = {key: value - before.get(key, 0) for key, value in after.items()}
    assert grown["analytics_events_total", "accepted"] == 1
    assert grown["analytics_events_total", "duplicate"] == 2
    assert grown["analytics_events_total", "rejected"] == 1
    assert grown["analytics_rejected_events_total", "UNKNOWN_FIELD"] == 1
    assert grown["analytics_refused_requests_total", "MALFORMED"] == 1
    assert grown["analytics_batch_events_sum",] == 3
    assert grown["analytics_batch_seconds_count",] == 1
    assert grown["analytics_commit_seconds_count",] == 1
    assert after["analytics_waiting_events",] == 0
    assert after["analytics_live_viewers",] == 0


async def test_metrics_are_hidden_from_other_hosts_unless_open(
    client: httpx.AsyncClient, app: FastAPI, settings: Settings
) -> None:
    assert (await client.get("/metrics")).status_code == 404
    for state, status in (("open", 200), ("off", 404)):
        app.state.settings = settings.model_copy(update={"metrics": state})
        assert (await client.get("/metrics")).status_code == status
    app.state.settings = settings


def test_metrics_of_several_workers_are_added_up(tmp_path: Path) -> None:
    with running(tmp_path / "data", DEMO="false", WORKERS="2", **PATIENT) as service:
        body = json.dumps({"page": "/"}).encode()
        url = f"{service.base}/api/events/"
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: urllib.request.urlopen(url, body).close(), range(40)))
        for _ in range(10):
            with urllib.request.urlopen(f"{service.base}/metrics") as answer:
                numbers = numbers_in(answer.read().decode())
            assert numbers["analytics_events_total", "accepted"] == 40


class TestLogs:
    def record(self, message: str, *values: object) -> logging.LogRecord:
        """Something that is logged while an error is handled."""
        try:
            raise ValueError("postgresql://jane:hunter2@db/x")
        except ValueError:
            return logging.LogRecord(
                "analytics", logging.ERROR, "", 0, message, values, sys.exc_info()
            )

    @pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
    def test_log_lines_hold_no_secrets(self, formatter: logging.Formatter) -> None:
        message = "password=hunter2 %s Authorization: Bearer hunter2"
        line = formatter.format(self.record(message, "http://a:hunter2@h/"))
        assert "hunter2" not in line
        assert "ValueError" in line

    def test_log_lines_are_one_line_of_json(self) -> None:
        line = JsonFormatter().format(self.record("a\r\nforged \x1b[31m line"))
        assert line.isprintable()
        assert json.loads(line)["message"] == "a\r\nforged \x1b[31m line"
        assert json.loads(line)["level"] == "error"
