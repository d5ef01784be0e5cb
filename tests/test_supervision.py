"""Processes that are killed: PostgreSQL, the process that was started, and what they leave."""

import signal
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from processes import Service, cli, post, running, servers_of

PATIENCE = 60.0
"""Seconds; far longer than anything here takes."""


def eventually(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def attempt(service: Service, name: str) -> int:
    """Sends an event; the status, whatever it is, or 0 without an answer."""
    try:
        return post(service.base, {"page": "/", "id": name})
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def postmaster_of(data_dir: Path) -> psutil.Process:
    """The first process of the server on this folder."""
    (server,) = servers_of(data_dir)
    return server


def stored(data_dir: Path) -> int:
    """How many events are stored."""
    with psycopg.connect(f"host={data_dir / 'postgres'} user=postgres") as connection:
        ((number,),) = connection.execute("select count(*) from event").fetchall()
        return number


def statuses_until_stored(service: Service, name: str) -> set[int]:
    """Sends one event again and again until it is stored; what was heard."""
    heard: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while not heard & {200, 201}:
        assert time.monotonic() < deadline, service.output()
        heard.add(attempt(service, name))
        time.sleep(0.05)
    return heard


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_embedded_server_is_started_again_while_events_hear_503(
    tmp_path: Path, workers: str
) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false", WORKERS=workers) as service:
        assert attempt(service, "before") == 201
        for turn in ("first", "second"):
            killed = postmaster_of(data_dir)
            killed.kill()
            assert statuses_until_stored(service, turn) <= {503, 200, 201}
            assert postmaster_of(data_dir).pid != killed.pid
            eventually(service.is_ready)
        assert stored(data_dir) == 3
        assert service.stop() == 0
    assert not servers_of(data_dir)


def test_server_is_not_started_beside_a_backend_of_the_killed_one(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false") as service:
        killed = postmaster_of(data_dir)
        backend = killed.children()[0]
        backend.suspend()
        killed.kill()
        eventually(lambda: {server.pid for server in servers_of(data_dir)} - {killed.pid})
        assert not backend.is_running()
        statuses_until_stored(service, "after")


def test_server_that_does_not_start_again_ends_the_service_with_exit_code_1(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false") as service:
        with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
            file.write("no_such_setting = 1\n")
        postmaster_of(data_dir).kill()
        assert service.process is not None
        assert service.process.wait(PATIENCE) == 1
    last = service.output().splitlines()[-1]
    assert last.startswith("The embedded database does not start: pg_ctl ended with exit code 1")
    assert str(data_dir / "postgres" / "log") in last
    assert "Traceback" not in service.output()


def test_workers_end_when_their_parent_is_killed_and_the_next_start_works(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = Service(data_dir, DEMO="false", WORKERS="2")
    first.start()
    assert attempt(first, "first") == 201
    server, workers = postmaster_of(data_dir), first.family()
    first.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive
    first.start()
    try:
        assert attempt(first, "second") == 201
        assert postmaster_of(data_dir).pid == server.pid
    finally:
        first.stop()
    assert not servers_of(data_dir)


def test_start_that_fails_beside_living_workers_does_not_stop_their_server(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = Service(data_dir, DEMO="false", WORKERS="2")
    first.start()
    workers = first.family()
    for worker in workers:
        worker.suspend()  # they cannot notice that their parent is gone, and keep the port
    first.stop(signal.SIGKILL)
    try:
        failed = cli(data_dir, "serve", PORT=str(first.port), DEMO="false", WORKERS="2")
        assert failed.returncode != 0
        assert "Address already in use" in failed.stderr
        assert servers_of(data_dir)
    finally:
        for worker in workers:
            worker.resume()
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive
    with running(data_dir, DEMO="false") as second:
        second.stop()
    assert not servers_of(data_dir)
