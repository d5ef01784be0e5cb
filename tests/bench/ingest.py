"""How fast events go in, as ratios within one run.

    PYTHONPATH=src:tests python -m bench.ingest [--seconds 5] [--workers 1 2]
    PYTHONPATH=src:tests python -m bench.ingest --soak 600 [--workers 2]

(a) single events at 1, 16 and 64 connections, against a server that only echoes and against one
INSERT a request; (b) batches of 100 and 1,000, against a bare COPY of the same rows into the same
tables. Several numbers of workers are measured one after the other, and against each other, with
events of one site and of several. The processor time an event costs the client, the service and the
database is told too: it says more than a rate where they share the cores. The soak keeps a constant
load up instead, and compares the first minute with the last. Figures of past runs are in
docs/benchmarks.md.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg

from api.db.database import Database
from api.sites.directory import Sites
from bench.load import site_key
from bench.soak import CONNECTIONS as SOAK_CONNECTIONS
from bench.soak import HEADINGS, PARTS, Part, Sampler, line, summary
from chaos.server import Server
from processes import ROOT, Service, free_port

LOAD = Path(__file__).with_name("load.py")

CONNECTIONS = (1, 16, 64)

CASES = (
    *((connections, 1, sites) for sites in (1, 8) for connections in CONNECTIONS),
    (4, 100, 1),
    (4, 1000, 1),
)
"""Connections, events in a request, and sites that they are of."""

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


def load(
    port: int, path: str, connections: int, seconds: float, events: int = 1, sites: int = 1
) -> dict[str, Any]:
    """What a client measures that runs in a process of its own."""
    arguments = [str(item) for item in (port, path, connections, seconds, events, sites)]
    done = subprocess.run([sys.executable, LOAD, *arguments], capture_output=True, check=True)
    return json.loads(done.stdout)


class Effort:
    """The processor time that two families of processes spend while a client keeps them busy."""

    def __init__(self, service: Service, server: Server) -> None:
        assert service.process
        self.families = (psutil.Process(service.process.pid), server.postmaster)

    def load(
        self, port: int, connections: int, seconds: float, events: int, sites: int
    ) -> dict[str, Any]:
        """What the client measures, with the microseconds that a request took each of them."""
        before = [seconds_of(family) for family in self.families]
        measured = load(port, "/api/events/", connections, seconds, events, sites)
        spent = [
            seconds_of(family) - was for family, was in zip(self.families, before, strict=True)
        ]
        requests = measured["per_second"] * seconds
        measured["service_us"], measured["database_us"] = (1e6 * one / requests for one in spent)
        return measured


def seconds_of(head: psutil.Process) -> float:
    """The processor time of a process and its children so far."""
    seconds = 0.0
    for process in (head, *head.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # the server's helpers come and go
            seconds += sum(process.cpu_times()[:2])
    return seconds


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
    efforts = "  ".join(
        f"{who} {measured[f'{who}_us'] / events:.0f}"
        for who in ("client", "service", "database")
        if f"{who}_us" in measured
    )
    print(f"{label:<34}{rate:>9,.0f} events/s  {times}  {efforts} µs  {ratios}", flush=True)
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
    peers: dict[int, dict[str, float]] = {connections: {} for connections in CONNECTIONS}
    with peer("echo", server.url) as echo, peer("inserting", server.url) as inserting:
        for connections, known in peers.items():
            for name, port in (("echo", echo), ("inserts", inserting)):
                measured = load(port, "/", connections, seconds)
                known[name] = measured["per_second"]
                report(f"{PEERS[name]}, {connections}", measured)
    copied = 0.0
    first: dict[Any, float] = {}
    for number in workers:
        print(f"{number} worker(s)")
        with serving(server, folder, number) as service:
            asyncio.run(make_sites(server.url))
            effort = Effort(service, server)
            for case in CASES:
                connections, events, sites = case
                if events > 1 and not copied:
                    copied = copy_rate(server.url)
                measured = effort.load(service.port, connections, seconds, events, sites)
                against = peers[connections] if events == 1 else {"copy": copied}
                before = {f"{workers[0]} worker(s)": first[case]} if case in first else {}
                report(label_of(*case), measured, events, **against, **before)
                first.setdefault(case, measured["per_second"] * events)
    print(f"{'bare COPY, events with their visits':<34}{copied:>9,.0f} events/s")


def label_of(connections: int, events: int, sites: int) -> str:
    """What is sent in a case."""
    what = f"single events, {connections}" if events == 1 else f"batches of {events}"
    return f"{what}, {sites} sites" if sites > 1 else what


async def make_sites(url: str) -> None:
    """The sites that events are sent to."""
    async with Database(url) as database:
        for key in map(site_key, range(max(sites for *_, sites in CASES))):
            await Sites(database).create(key, f"{key}.example")


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
