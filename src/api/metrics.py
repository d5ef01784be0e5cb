"""Metrics of this service, for Prometheus.

Several workers write their numbers to a common folder (PROMETHEUS_MULTIPROC_DIR, which `serve` sets
before they start). The worker that is asked adds them up.
"""

import os
from pathlib import Path

import psutil
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

EVENTS = Counter("analytics_events", "Events by outcome.", ["outcome"])
REJECTED = Counter("analytics_rejected_events", "Rejected events by reason.", ["reason"])
REFUSED = Counter(
    "analytics_refused_requests", "Requests with events that were refused as a whole.", ["reason"]
)
WAITING = Gauge(
    "analytics_waiting_events", "Events that wait to be stored.", multiprocess_mode="livesum"
)
BATCH_EVENTS = Histogram(
    "analytics_batch_events", "Events in a batch.", buckets=(1, 2, 5, 10, 50, 100, 500, 1000, 5000)
)
BATCH_SECONDS = Histogram("analytics_batch_seconds", "Seconds to write a batch.", buckets=SECONDS)
COMMIT_SECONDS = Histogram(
    "analytics_commit_seconds", "From queueing a request to its COMMIT.", buckets=SECONDS
)
VIEWERS = Gauge("analytics_live_viewers", "Open live pages.", multiprocess_mode="livesum")


def exposition() -> tuple[bytes, str]:
    """The metrics of all workers in Prometheus's text format, and its content type."""
    registry = REGISTRY
    if FOLDER in os.environ:
        remove_ended_workers(Path(os.environ[FOLDER]))
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def remove_ended_workers(folder: Path) -> None:
    """Removes the gauges of workers that have ended: they would be added to the current values."""
    for file in folder.glob("gauge_live*.db"):
        if not psutil.pid_exists(int(file.stem.rpartition("_")[2])):
            file.unlink(missing_ok=True)
