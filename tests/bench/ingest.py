"""How fast events go in, as ratios within one run.

    PYTHONPATH=src:tests python -m bench.ingest [--seconds 5] [--workers 1]

(a) single events at 1, 16 and 64 connections, against a server that only echoes and against one
INSERT a request; (b) batches of 100 and 1,000, against a bare COPY of the same rows into the same
tables. Figures of past runs are in docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from chaos.server import Server
from processes import ROOT, Service, free_port

LOAD = Path(__file__).with_name("load.py")


@contextmanager
def peer(name: str, url: str) -> Iterator[int]:
    """A server to compare with, run by the same web server; its port."""
    port = free_port()
    command = ["-m", "uvicorn", f"bench.peers:{name}", "--port", str(port)]
    command += ["--no-access-log", "--log-level", "warning"]
    environment = os.environ | {"DATABASE_URL": url, "PYTHONPATH": f"{ROOT / 'tests'}"}
    process = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        time.sleep(2.5)
        yield port
    finally:
        process.terminate()
        process.wait()


def load(port: int, path: str, connections: int, seconds: float, events: int = 1) -> dict[str, Any]:
    """What a client measures that runs in a process of its own."""
    arguments = [str(item) for item in (port, path, connections, seconds, events)]
    done = subprocess.run([sys.executable, LOAD, *arguments], capture_output=True, check=True)
    return json.loads(done.stdout)


def copy_rate(url: str) -> float:
    """Rows a second of a bare COPY of what the service stored, out of its tables and into ones of
    the same shape with the same indexes, events with their visits."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = 0
        copies: dict[str, bytes] = {}
        for table in ("event", "visit"):
            connection.execute(f"create table copy_{table} (like {table} including all)")
            select = f"copy (select * from {table} limit 100000) to stdout (format binary)"
            with connection.cursor().copy(select) as source:
                copies[table] = b"".join(bytes(piece) for piece in source)
        started = time.perf_counter()
        for table, data in copies.items():
            with connection.cursor() as cursor:
                with cursor.copy(f"copy copy_{table} from stdin (format binary)") as target:
                    target.write(data)
                rows += cursor.rowcount if table == "event" else 0
        return rows / (time.perf_counter() - started)


def report(label: str, measured: dict[str, Any], events: int = 1, **against: float) -> None:
    """One line of the result."""
    rate = measured["per_second"] * events
    ratios = "  ".join(f"{rate / other:5.2f} of {name}" for name, other in against.items())
    times = f"p50 {measured['p50_ms']:6.1f} ms  p99 {measured['p99_ms']:6.1f} ms"
    print(f"{label:<34}{rate:>9,.0f} events/s  {times}  {ratios}", flush=True)
    if set(measured["statuses"]) - {"200", "201"}:
        print(f"{'':<34}{measured['statuses']}")


def main() -> None:
    """Runs everything and prints it."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--workers", default="1")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores,"
          f" Python {platform.python_version()}, {options.workers} worker(s)")  # fmt: skip
    with TemporaryDirectory(prefix="analytics-bench-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            measure(server, Path(folder), options.seconds, options.workers)
        finally:
            server.stop()


def measure(server: Server, folder: Path, seconds: float, workers: str) -> None:
    """The service beside its peers."""
    environment = {
        "DATABASE_URL": server.url,
        "SECRET_KEY": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
        "DEMO": "false",
        "JOBS": "false",
        "WORKERS": workers,
    }
    service = Service(folder / "app", **environment)
    service.start()
    try:
        with peer("echo", server.url) as echo, peer("inserting", server.url) as inserting:
            for connections in (1, 16, 64):
                echoed = load(echo, "/", connections, seconds)
                inserted = load(inserting, "/", connections, seconds)
                stored = load(service.port, "/api/events/", connections, seconds)
                report(f"echo, {connections} connections", echoed)
                report(f"one INSERT a request, {connections}", inserted)
                report(f"single events, {connections}", stored,
                       echo=echoed["per_second"], inserts=inserted["per_second"])  # fmt: skip
        copied = copy_rate(server.url)
        print(f"{'bare COPY, events with their visits':<34}{copied:>9,.0f} events/s")
        for events in (100, 1000):
            stored = load(service.port, "/api/events/", 4, seconds, events)
            report(f"batches of {events}", stored, events, copy=copied)
    finally:
        service.stop()


if __name__ == "__main__":
    main()
