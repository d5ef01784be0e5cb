"""How fast events go in, as ratios within one run.

    PYTHONPATH=src:tests python -m bench.ingest [--seconds 5] [--workers 1 2]
    PYTHONPATH=src:tests python -m bench.ingest --soak 600 [--workers 2]

(a) single events at 1, 16 and 64 connections, against a server that only echoes and against one
INSERT a request; (b) batches of 100 and 1,000, against a bare COPY of the same rows into the same
tables. Several numbers of workers are measured one after the other, and against each other. The
soak keeps a constant load up instead, and compares the first minute with the last. Figures of past
runs are in docs/benchmarks.md.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bench.soak import CONNECTIONS as SOAK_CONNECTIONS
from bench.soak import HEADINGS, PARTS, Part, Sampler, line, summary
from chaos.server import Server
from processes import ROOT, Service, free_port

LOAD = Path(__file__).with_name("load.py")

CONNECTIONS = (1, 16, 64)

PEERS = {"echo": "echo", "inserts": "one INSERT a request"}


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
    parser.add_argument("--workers", type=int, nargs="+", default=[1], help="e.g. 1 2: both")
    parser.add_argument("--soak", type=float, default=0, help="seconds under constant load")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores,"
          f" Python {platform.python_version()}")  # fmt: skip
    with TemporaryDirectory(prefix="analytics-bench-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            if options.soak:
                for workers in options.workers:
                    soak(server, Path(folder), workers, options.soak)
            else:
                measure(server, Path(folder), options.workers, options.seconds)
        finally:
            server.stop()


@contextmanager
def serving(server: Server, folder: Path, workers: int, jobs: bool = False) -> Iterator[Service]:
    """The service with so many workers, alone on the server for as long as the block lasts."""
    service = Service(
        folder / f"app-{workers}",
        DATABASE_URL=server.url,
        SECRET_KEY="f0e1d2c3b4a5968778695a4b3c2d1e0f",
        DEMO="false",
        JOBS=str(jobs).lower(),
        WORKERS=str(workers),
    )
    service.start()
    try:
        yield service
    finally:
        service.stop()


def measure(server: Server, folder: Path, workers: Sequence[int], seconds: float) -> None:
    """The service beside its peers, with these numbers of workers one after the other."""
    rates: dict[int, dict[str, float]] = {connections: {} for connections in CONNECTIONS}
    with peer("echo", server.url) as echo, peer("inserting", server.url) as inserting:
        for connections, known in rates.items():
            for name, port in (("echo", echo), ("inserts", inserting)):
                measured = load(port, "/", connections, seconds)
                known[name] = measured["per_second"]
                report(f"{PEERS[name]}, {connections}", measured)
    copied = 0.0
    for number in workers:
        print(f"{number} worker(s)")
        with serving(server, folder, number) as service:
            for connections, known in rates.items():
                stored = load(service.port, "/api/events/", connections, seconds)
                report(f"single events, {connections}", stored, **known)
                known.setdefault(f"{number} worker(s)", stored["per_second"])
            copied = copied or copy_rate(server.url)
            for events in (100, 1000):
                stored = load(service.port, "/api/events/", 4, seconds, events)
                report(f"batches of {events}", stored, events, copy=copied)
    print(f"{'bare COPY, events with their visits':<34}{copied:>9,.0f} events/s")


def soak(server: Server, folder: Path, workers: int, seconds: float) -> None:
    """The service under constant load, as it runs in production: with its jobs."""
    print(f"{workers} worker(s), {SOAK_CONNECTIONS} connections, {seconds:g} s")
    print(f"{'':<16}" + "".join(f"{heading:>11}" for heading in HEADINGS))
    parts: list[Part] = []
    with serving(server, folder, workers, jobs=True) as service:
        sampler = Sampler(service)
        sampler.start()
        for number in range(PARTS):
            before = len(sampler.samples)
            port, lasting = service.port, seconds / PARTS
            part = Part(load(port, "/api/events/", SOAK_CONNECTIONS, lasting))
            seen = sampler.samples[before:]
            part.memory, part.depth = [m for _, m, _ in seen], [d for _, _, d in seen]
            parts.append(part)
            print(line(f"{(number + 1) * lasting:g} s", part.figures), flush=True)
            if set(part.load["statuses"]) - {"200", "201"}:
                print(f"{'':<16}{part.load['statuses']}")
        sampler.stopping.set()
        sampler.join()
    print(summary(parts, sampler.samples))


if __name__ == "__main__":
    main()
