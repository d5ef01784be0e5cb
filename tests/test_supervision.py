"""Processes that are killed: PostgreSQL, the process that was started, and what they leave."""

import signal
import time
import urllib.error
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from disks import small_disk
from processes import PATIENCE, Service, cli, database_of, post, running, servers_of


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


def await_server_after(killed: psutil.Process, data_dir: Path) -> None:
    """Waits until there is another server."""
    eventually(lambda: [server for server in servers_of(data_dir) if server != killed])


def stored(data_dir: Path) -> int:
    """How many events are stored."""
    with psycopg.connect(database_of(data_dir)) as connection:
        ((number,),) = connection.execute("select count(*) from event").fetchall()
        return number


def write_wal_until_server_ends(connection: psycopg.Connection, megabytes: int) -> None:
    """Makes the server write into its WAL, and nowhere else; it has no room for so much."""
    write = (
        "select pg_logical_emit_message(false, '', repeat('x', 1048576))"
        f" from generate_series(1, {megabytes})"
    )
    with pytest.raises(psycopg.OperationalError):
        connection.execute(write)
    assert connection.broken


def statuses_until_stored(service: Service, name: str) -> set[int]:
    """Sends one event again and again until it is stored; what was heard."""
    heard: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while not heard & {200, 201}:
        assert time.monotonic() < deadline, service.output()
        heard.add(attempt(service, name))
        time.sleep(0.05)
    return heard


def recovering(data_dir: Path) -> list[psutil.Process]:
    """The process that reads the WAL after a crash."""
    family = [child for server in servers_of(data_dir) for child in children_of(server)]
    return [child for child in family if "startup" in " ".join(words_of(child))]


def starting(data_dir: Path) -> list[psutil.Process]:
    """The program that starts the server and waits until it takes connections."""
    programs = [process for process in psutil.process_iter() if name_of(process) == "pg_ctl"]
    return [program for program in programs if str(data_dir / "postgres") in words_of(program)]


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Its children, none when it has ended meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return process.children()
    return []


def words_of(process: psutil.Process) -> list[str]:
    """Its command line, empty when it has ended meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def name_of(process: psutil.Process) -> str:
    """Its name, empty when it has ended meanwhile."""
    with suppress(psutil.NoSuchProcess):
        return process.name()
    return ""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_embedded_server_is_restarted_while_events_get_503(
    tmp_path: Path, workers: str
) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false", WORKERS=workers) as service:
        assert attempt(service, "before") == 201
        for turn in ("first", "second"):
            killed = postmaster_of(data_dir)
            killed.kill()
            # A backend that has not noticed yet may store one more.
            assert statuses_until_stored(service, turn) <= {503, 200, 201}
            await_server_after(killed, data_dir)
            assert statuses_until_stored(service, turn) <= {503, 200}
            eventually(service.is_ready)
        assert stored(data_dir) == 3
        assert service.stop() == 0
    assert not servers_of(data_dir)


def test_server_is_not_started_beside_backend_of_killed_one(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false") as service:
        killed = postmaster_of(data_dir)
        backend = killed.children()[0]
        backend.suspend()
        killed.kill()
        await_server_after(killed, data_dir)
        assert not backend.is_running()
        statuses_until_stored(service, "after")


def test_worker_killed_with_server_is_replaced(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    configuration = data_dir / "postgres" / "postgresql.conf"
    with running(data_dir, DEMO="false", WORKERS="2") as service:
        good = configuration.read_text()
        configuration.write_text(f"{good}\nno_such_setting = 1\n")
        workers = service.family()
        workers[-1].kill()
        postmaster_of(data_dir).kill()
        # Until then the next worker has come to look for the server.
        eventually(lambda: "attempt 4" in service.output())
        configuration.write_text(good)
        statuses_until_stored(service, "after")
        eventually(service.is_ready)
        assert len(service.family()) == len(workers)
        assert service.stop() == 0


def test_server_that_does_not_restart_ends_service_with_exit_code_1(
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


def test_disk_without_room_for_wal_ends_service_until_there_is_some(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", megabytes=400) as disk:
        service = Service(disk.path / "data", DEMO="false")
        service.log = tmp_path / "log"  # not on that disk
        service.start()
        assert attempt(service, "before") == 201
        # Connected before the disk is full: a new backend writes a file, too.
        with psycopg.connect(database_of(service.data_dir)) as connection:
            disk.fill()
            write_wal_until_server_ends(connection, megabytes=40)
        assert service.process is not None
        assert service.process.wait(PATIENCE) == 1
        assert service.output().splitlines()[-1].startswith("The disk of the embedded database is")
        disk.empty()
        service.start()
        assert attempt(service, "before") == 200
        service.stop()


def test_workers_end_when_parent_is_killed_and_next_start_works(tmp_path: Path) -> None:
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


def test_failed_start_beside_living_workers_does_not_stop_their_server(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    # A worker that is suspended within a job would keep the job's locks from the next start.
    first = Service(data_dir, DEMO="false", JOBS="false", WORKERS="2")
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


def test_start_waits_for_long_recovery(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    service = Service(data_dir, DEMO="false")
    service.start()
    with psycopg.connect(database_of(data_dir)) as connection:
        connection.execute(
            "create table filling as select md5(n::text) from generate_series(1, 3000000) n"
        )
    service.stop(signal.SIGKILL)
    postmaster_of(data_dir).kill()
    with ThreadPoolExecutor(1) as threads:
        started = threads.submit(service.start, PATIENCE)
        eventually(lambda: recovering(data_dir))
        recovery = recovering(data_dir)[0]
        recovery.suspend()
        eventually(lambda: starting(data_dir))
        eventually(lambda: not starting(data_dir))  # the patience of the package is over
        recovery.resume()
        started.result()
    assert attempt(service, "after") == 201
    assert service.stop() == 0
