"""How long an export and an import take, and how much memory: of sites of several sizes, by the
commands and over HTTP. The memory of PostgreSQL is what a process that serves a connection has for
itself.

PYTHONPATH=src:tests .venv/bin/python -m bench.archives --events 100000 1000000
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from threading import Event, Thread

import httpx
import psutil
import psycopg

from api.db.embedded import embedded_server
from processes import Service, cli, running, service_environment
from servers import fresh_database

FILL = """
insert into visitor (site_id, id, number, first_seen)
select site.id, n, n, timestamptz '2026-08-03' from site, generate_series(0, %(visits)s / 2 - 1) n
where key = 'bench';
insert into visit (
    visitor_id, started, last_event, ended, engaged_from, first_seen, site_id, visitor_number,
    pageviews, events, interactive_events, id, first_id, entry_page, exit_page, browser, country
)
select n / 2, t, t + '3 minutes', t + '3 minutes', t, timestamptz '2026-08-03', site.id, n / 2,
    4, 4, 0, md5(n::text)::uuid, md5(n::text)::uuid, '/', '/thanks', 'Chrome', 'DE'
from site, generate_series(0, %(visits)s - 1) n,
    lateral (select timestamptz '2026-08-03' + n * interval '90 days' / %(visits)s as t) moment
where key = 'bench';
insert into event (
    visitor_id, time, site_id, visitor_number, id, visit_id, name, page, hostname, title, referrer,
    duration, props
)
select visitor_id, started + k * interval '1 minute', site_id, visitor_number,
    md5(visitor_id::text || started || k)::uuid, id, 'pageview',
    '/page/' || mod(visitor_number, 500),
    'www.example.com', 'The title of a page that is read', 'https://www.google.com/', 12.5,
    '{"plan": "pro", "group": "b"}'
from visit, generate_series(0, 3) k where site_id = (select id from site where key = 'bench');
"""

PARTITIONS = """
do $$
declare
    month date;
    of_table text;
begin
    foreach of_table in array array['event', 'visit', 'bot_event', 'web_vital', 'js_error'] loop
        for month in select generate_series(date '2026-07-01', date '2026-11-01', '1 month') loop
            execute format(
                'create table if not exists %I partition of %I for values from (%L) to (%L)',
                of_table || to_char(month, '_YYYY_MM'), of_table,
                month::timestamp at time zone 'UTC',
                (month + interval '1 month') at time zone 'UTC'
            );
        end loop;
    end loop;
end $$
"""


@contextmanager
def server_memory(folder: Path) -> Iterator[list[int]]:
    """The most bytes that a process which serves a connection had for itself meanwhile."""
    server = psutil.Process(
        int((folder / "data" / "postgres" / "postmaster.pid").read_text().split()[0])
    )
    most, is_over = [0], Event()

    def watch() -> None:
        while not is_over.wait(0.1):
            for process in server.children():
                with suppress(psutil.Error):
                    # Others have pages of the shared buffers that nobody else has touched.
                    if "[local]" in " ".join(process.cmdline()):
                        most[0] = max(most[0], process.memory_full_info().uss)

    watching = Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        is_over.set()
        watching.join()


def run(folder: Path, url: str, *words: str) -> tuple[float, int, int]:
    """The seconds that a command takes, and the most MiB that its process and one of the server
    hold."""
    environment = service_environment(folder, DATABASE_URL=url, SECRET_KEY=token_hex(32))
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        env=environment | {"TIMESCALEDB": "off"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    with server_memory(folder) as most:
        errors = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
    assert status == 0, errors[-2000:]
    return time.perf_counter() - began, used.ru_maxrss // 1024, most[0] // 2**20


def fill(url: str, events: int) -> None:
    """Stores visits of four page views each."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(PARTITIONS)  # pyright: ignore
        for statement in FILL.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode(), {"visits": events // 4})


def peak(process: psutil.Process) -> int:
    """The most MiB that a process has held so far."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def highest(service: Service) -> int:
    """The most MiB that one of the processes of a service has held so far."""
    assert service.process
    return max(map(peak, [psutil.Process(service.process.pid), *service.family()]))


def stream(base: str, key: str, form: str) -> tuple[int, float]:
    """Reads all events of the site as a file in this format: how many bytes, and in how many
    seconds."""
    began, size = time.perf_counter(), 0
    params = {"site": "bench", "from": "2026-08-03", "to": "2026-11-02", "format": form}
    authorization = {"Authorization": f"Bearer {key}"}
    with httpx.stream(
        "GET", f"{base}/api/events/raw", params=params, headers=authorization, timeout=600
    ) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            size += len(chunk)
    return size, time.perf_counter() - began


def measure_http(folder: Path, url: str, events: int) -> None:
    """Reads all events over HTTP, in each format, from a service of its own."""
    of_database = {"DATABASE_URL": url, "SECRET_KEY": token_hex(32), "TIMESCALEDB": "off"}
    for form in ("csv", "ndjson", "parquet"):
        with running(folder / "service", **of_database, JOBS="false") as service:
            words = ("key", "create", "admin", "--name", "bench", "--scope", "stats:read")
            key = cli(folder / "service", *words, **of_database).stdout.strip()
            before = highest(service)
            size, seconds = stream(service.base, key, form)
            print(
                f"| {events:,} | {form} | {size / 2**20:.0f} MiB | {seconds:.0f} s,"
                f" {events / seconds:,.0f} | {highest(service)} MiB | {before} MiB |",
                flush=True,
            )


def measure_commands(folder: Path, url: str, events: int) -> None:
    """Exports the site, and imports it beside itself."""
    base = run(folder, url, "site", "list")
    file = folder / f"{events}.zip"
    out = run(folder, url, "export", "bench", "--to", str(file))
    back = run(folder, url, "import", str(file), "--site", "copy", "--domain", "copy.example")
    with psycopg.connect(url) as connection:
        counted = connection.execute(
            "select count(*) from event join site on site.id = site_id group by key"
        ).fetchall()
    assert counted == [(events,)] * 2, counted
    size = file.stat().st_size / 2**20
    print(
        f"| {events:,} | {size:.0f} MiB | {out[0]:.0f} s, {events / out[0]:,.0f} | {out[1]} MiB"
        f" | {out[2]} MiB | {back[0]:.0f} s, {events / back[0]:,.0f} | {back[1]} MiB"
        f" | {back[2]} MiB | {base[1]} MiB |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--http", action="store_true", help="Read raw events over HTTP instead.")
    given = parser.parse_args()
    print(
        "| events | format | size | time, events/s | memory of the service | before |"
        if given.http
        else "| events | file | export, events/s | its memory | PostgreSQL's | import, events/s"
        " | its memory | PostgreSQL's | any command |",
        flush=True,
    )
    with TemporaryDirectory(prefix="analytics-bench-") as name:
        folder = Path(name)
        with embedded_server(folder / "data") as address:
            for events in given.events:
                with fresh_database(address) as url:
                    run(folder, url, "site", "create", "bench", "--domain", "bench.example")
                    fill(url, events)
                    (measure_http if given.http else measure_commands)(folder, url, events)


if __name__ == "__main__":
    main()
