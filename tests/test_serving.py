"""The service as an operator meets it: starting, stopping, being killed, several at once."""

import json
import signal
import socket
import stat
import struct
import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from cli.installation import read_settings
from conftest import SECRET
from processes import PATIENT, Service, cli, database_of, get, post, running, servers_of

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for the tests that neither stop nor configure it."""
    with running(tmp_path_factory.mktemp("serving") / "data", DEMO="false", **PATIENT) as service:
        yield service


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "postgresql://nowhere/x"},
        {"DATABASE_URL": "postgresql://nowhere/x", "SECRET_KEY": "secret"},
        {"SECRET_KEY": "change-me-change-me-change-me-change-me"},
        {"PORT": "eighty"},
    ],
)
def test_bad_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items() | {"DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        read_settings()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert "PORT" in told or "SECRET_KEY" in told
    assert "change-me" not in told


def test_bad_setting_refuses_start(tmp_path: Path) -> None:
    done = cli(tmp_path / "data", "serve", PORT="eighty")
    assert done.returncode == 2
    assert "PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_database_is_reported_in_plain_words(tmp_path: Path) -> None:
    done = cli(
        tmp_path / "data",
        "serve",
        DATABASE_URL="postgresql://127.0.0.1:1/x?connect_timeout=2",
        SECRET_KEY=SECRET,
    )
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_connection_reset_by_its_client_makes_no_other_visitor(shared: Service) -> None:
    """Who resets a connection at once may do so before the service knows the client's address."""
    for _ in range(300):
        with page_view(shared.port) as connection:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    with page_view(shared.port) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 20")
    with psycopg.connect(database_of(shared.data_dir)) as database:
        visitors = database.execute(
            "select count(distinct visitor_id) from event where page = '/reset'"
        )
        assert visitors.fetchone() == (1,)


def page_view(port: int) -> socket.socket:
    """A connection on which a page view has been sent, and no response was read."""
    body = json.dumps({"page": "/reset"})
    head = f"POST /api/events/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"{head}User-Agent: {FIREFOX}\r\n\r\n{body}".encode())
    return connection


def test_first_start_creates_everything_and_ctrl_c_stops_everything(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "first-login.txt").touch(0o666)
    with running(data_dir, BASE_URL="https://stats.example.com") as service:
        totals = get(service.base, "/api/analytics/timeseries?site=demo&days=30&interval=day")
        assert totals["totals"]["visits"] > 3000
        assert all(row["visits"] > 0 for row in totals["rows"][1:-1])
        login = (data_dir / "first-login.txt").read_text().split()
        assert " ".join(login[:1]) in service.output()
        assert '<script defer src="https://stats.example.com/script.js"' in service.output()
        with urllib.request.urlopen(f"{service.base}/?site=demo", timeout=10) as page:
            assert b'data-address="https://stats.example.com"' in page.read()
        assert stat.S_IMODE((data_dir / "first-login.txt").stat().st_mode) == 0o600
        assert servers_of(data_dir)
        assert service.stop(signal.SIGINT) == 0
    assert not servers_of(data_dir)
    assert "Traceback" not in service.output()


def test_restart_after_kill_keeps_data(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = Service(data_dir, DEMO="false")
    first.start()
    assert post(first.base, {"page": "/kept", "id": "1"}) == 201
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    for server in servers_of(data_dir):
        server.kill()
    with running(data_dir, DEMO="false") as second:
        assert post(second.base, {"page": "/kept", "id": "1"}) == 200
        second.stop()
    assert not servers_of(data_dir)


def test_server_left_by_killed_service_is_taken_over_and_stopped(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    first = Service(data_dir, DEMO="false")
    first.start()
    first.stop(signal.SIGKILL)
    assert servers_of(data_dir)
    with running(data_dir, DEMO="false") as second:
        second.stop()
    assert not servers_of(data_dir)


def test_import_from_command_line_works_beside_running_service(
    shared: Service, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    line = f'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "{FIREFOX}"\n'
    log.write_text(line * 3 + "garbage\n")
    first = cli(shared.data_dir, "import-log", str(log), "--site", "logs")
    again = cli(shared.data_dir, "import-log", str(log), "--site", "logs")
    assert shared.is_ready()
    assert "3 page views stored" in first.stdout, first.stderr
    assert "1 skipped: malformed" in first.stdout
    assert "0 page views stored" in again.stdout
    assert "3 stored before" in again.stdout


def test_rejected_events_are_listed_and_replayed_from_command_line(shared: Service) -> None:
    body = [{"page": "/"}, {"pgae": "/typo"}, {"page": "/old", "time": "2026-01-01T00:00:00Z"}]
    assert post(shared.base, body) == 201
    listed = cli(shared.data_dir, "rejected", "list", "default", "--error", "TOO_LATE")
    replayed = cli(shared.data_dir, "rejected", "replay", "default")
    left = cli(shared.data_dir, "rejected", "list", "default")
    assert json.loads(json.loads(listed.stdout)["payload"])["page"] == "/old", listed.stderr
    assert json.loads(replayed.stdout)["accepted"] == 1, replayed.stderr
    assert [json.loads(line)["error"] for line in left.stdout.splitlines()] == ["UNKNOWN_FIELD"]


def test_concurrent_migrations_of_empty_database_succeed(shared: Service) -> None:
    with psycopg.connect(database_of(shared.data_dir), autocommit=True) as connection:
        connection.execute("create database fresh")
    url = database_of(shared.data_dir, "fresh")
    with ThreadPoolExecutor(3) as threads:
        started = [threads.submit(migrated, shared.data_dir, url) for _ in range(3)]
        done = [migration.result() for migration in started]
    assert [run.returncode for run in done] == [0] * 3, [run.stderr for run in done]
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from site").fetchone() == (1,)
        assert connection.execute("select count(*) from app_user").fetchone() == (1,)


def migrated(data_dir: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Migrates a database to the end."""
    return cli(data_dir, "migrate", DATABASE_URL=url, SECRET_KEY=SECRET)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_database_not_in_utf8_is_refused_in_one_sentence(shared: Service, encoding: str) -> None:
    with psycopg.connect(database_of(shared.data_dir), autocommit=True) as connection:
        connection.execute(
            f"create database {encoding} encoding '{encoding}' locale 'C' template template0"
        )
    done = migrated(shared.data_dir, database_of(shared.data_dir, encoding.lower()))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    name = encoding.lower()
    assert line.startswith(f"The database '{name}' is encoded in {encoding}, and UTF8 is needed")


def test_ordinary_role_is_sufficient(shared: Service) -> None:
    with psycopg.connect(database_of(shared.data_dir), autocommit=True) as connection:
        connection.execute("create role app login")
        connection.execute("create database app owner app")
    url = database_of(shared.data_dir, "app", user="app")
    done = cli(shared.data_dir, "doctor", DATABASE_URL=url, SECRET_KEY=SECRET)
    assert done.returncode == 0, done.stderr
    assert "profile" in done.stdout


def test_several_workers_serve_one_site(tmp_path: Path) -> None:
    with running(tmp_path / "data", DEMO="false", WORKERS="2", **PATIENT) as service:
        bodies = [{"page": "/", "id": f"event {n % 20}"} for n in range(60)]
        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(lambda body: post(service.base, body), bodies))
        assert statuses.count(201) == 20
        assert statuses.count(200) == 40
