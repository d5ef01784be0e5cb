"""A long time under constant load: does memory grow, does the line, do answers get slower?"""

import threading
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

from processes import Service

CONNECTIONS = 16
PARTS = 10
"""Into which the time is divided; minutes, of ten minutes."""

SAMPLE_SECONDS = 1.0
DEPTH = "analytics_waiting_events "


@dataclass
class Part:
    """What was seen in a part of the time."""

    load: dict[str, Any]
    memory: list[float] = field(default_factory=list[float])
    """Megabytes of all processes of the service."""
    depth: list[float] = field(default_factory=list[float])
    """Events that waited."""

    @property
    def figures(self) -> tuple[float, ...]:
        """Events a second, p50 and p99 in ms, mean memory, mean and largest depth."""
        load, depth = self.load, self.depth
        rate = (load["per_second"], load["p50_ms"], load["p99_ms"])
        return (*rate, mean(self.memory), mean(depth), max(depth, default=0.0))


class Sampler(threading.Thread):
    """Looks at a service every second."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        assert service.process
        self.process = psutil.Process(service.process.pid)
        self.url = f"{service.base}/metrics"
        self.stopping = threading.Event()
        self.samples: list[tuple[float, float, float]] = []
        """When, megabytes, depth."""

    def run(self) -> None:
        while not self.stopping.wait(SAMPLE_SECONDS):
            self.samples.append((time.monotonic(), self.memory(), self.depth()))

    def memory(self) -> float:
        """Of the process and its workers, without what forked processes share twice."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_full_info().pss for one in family) / 2**20

    def depth(self) -> float:
        """What the service says of its line."""
        with urllib.request.urlopen(self.url, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(DEPTH))


def mean(values: Sequence[float]) -> float:
    """The mean, nothing of nothing."""
    return sum(values) / len(values) if values else 0.0


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much the second grows with the first: the line of least squares."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    spread = sum((x - mean(xs)) ** 2 for x in xs)
    return sum((x - mean(xs)) * (y - mean(ys)) for x, y in points) / spread if spread else 0.0


HEADINGS = ("events/s", "p50 ms", "p99 ms", "MB", "waiting", "at most")


def line(label: str, figures: Sequence[float]) -> str:
    """One line of the result."""
    return f"{label:<16}" + "".join(f"{figure:>11,.1f}" for figure in figures)


def summary(parts: Sequence[Part], samples: Sequence[tuple[float, float, float]]) -> str:
    """The first part beside the last, and where memory and line are going."""
    first, last = parts[0].figures, parts[-1].figures
    later = samples[len(samples) // PARTS :]  # caches fill in the first part
    memory = 60 * slope([(at, megabytes) for at, megabytes, _ in later])
    depth = 60 * slope([(at, waiting) for at, _, waiting in later])
    return "\n".join(
        (
            line("first", first),
            line("last", last),
            f"growth after the first part: {memory:+.2f} MB a minute,"
            f" {depth:+.2f} waiting events a minute",
        )
    )
