"""The service as an operator meets it: starting, stopping, being killed, several at once."""

import json
import signal
import stat
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from api.db.embedded import embedded_server
from processes import Service, cli, database_of, get, post, running, servers_of


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "postgresql://nowhere/x"},
        {"DATABASE_URL": "postgresql://nowhere/x", "SECRET_KEY": "secret"},
        {"SECRET_KEY": "change-me-change-me-change-me-change-me"},
        {"PORT": "eighty"},
    ],
)
def test_bad_setting_refuses_start(tmp_path: Path, environment: dict[str, str]) -> None:
    done = cli(tmp_path / "data", "serve", **environment)
    assert done.returncode == 2
    assert "PORT" in done.stderr or "SECRET_KEY" in done.stderr
    assert "change-me" not in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_database_is_reported_in_plain_words(tmp_path: Path) -> None:
    done = cli(
        tmp_path / "data",
        "serve",
        DATABASE_URL="postgresql://127.0.0.1:1/x?connect_timeout=2",
        SECRET_KEY="f0e1d2c3b4a5968778695a4b3c2d1e0f",
    )
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr


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
            assert b'src="https://stats.example.com/script.js"' in page.read()
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


def test_import_from_command_line_works_beside_running_service(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    log = tmp_path / "access.log"
    agent = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0"
    line = f'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "{agent}"\n'
    log.write_text(line * 3 + "garbage\n")
    with running(data_dir, DEMO="false") as service:
        first = cli(data_dir, "import-log", str(log), "--site", "logs")
        again = cli(data_dir, "import-log", str(log), "--site", "logs")
        assert service.is_ready()
    assert "3 page views stored" in first.stdout, first.stderr
    assert "1 skipped: malformed" in first.stdout
    assert "0 page views stored" in again.stdout
    assert "3 stored before" in again.stdout


def test_rejected_events_are_listed_and_replayed_from_command_line(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false") as service:
        body = [{"page": "/"}, {"pgae": "/typo"}, {"page": "/old", "time": "2026-01-01T00:00:00Z"}]
        assert post(service.base, body) == 201
        listed = cli(data_dir, "rejected", "list", "default", "--error", "TOO_LATE")
        replayed = cli(data_dir, "rejected", "replay", "default")
        left = cli(data_dir, "rejected", "list", "default")
    assert json.loads(json.loads(listed.stdout)["payload"])["page"] == "/old", listed.stderr
    assert json.loads(replayed.stdout)["accepted"] == 1, replayed.stderr
    assert [json.loads(line)["error"] for line in left.stdout.splitlines()] == ["UNKNOWN_FIELD"]


def test_concurrent_migrations_of_empty_database_succeed(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false"), ThreadPoolExecutor(6) as threads:
        with psycopg.connect(database_of(data_dir), autocommit=True) as connection:
            connection.execute("create database fresh")
        url = database_of(data_dir, "fresh")
        secret = "f0e1d2c3b4a5968778695a4b3c2d1e0f"
        done = list(
            threads.map(
                lambda _: cli(data_dir, "migrate", DATABASE_URL=url, SECRET_KEY=secret), range(6)
            )
        )
        assert [run.returncode for run in done] == [0] * 6, [run.stderr for run in done]
        with psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from site").fetchone() == (1,)
            assert connection.execute("select count(*) from app_user").fetchone() == (1,)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_database_not_in_utf8_is_refused_in_one_sentence(tmp_path: Path, encoding: str) -> None:
    data_dir = tmp_path / "data"
    with embedded_server(data_dir) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                f"create database other encoding '{encoding}' locale 'C' template template0"
            )
        done = cli(
            data_dir,
            "migrate",
            DATABASE_URL=database_of(data_dir, "other"),
            SECRET_KEY="f0e1d2c3b4a5968778695a4b3c2d1e0f",
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"The database 'other' is encoded in {encoding}, and UTF8 is needed")


def test_ordinary_role_is_sufficient(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false"):
        with psycopg.connect(database_of(data_dir), autocommit=True) as connection:
            connection.execute("create role app login")
            connection.execute("create database app owner app")
        done = cli(
            data_dir,
            "doctor",
            DATABASE_URL=database_of(data_dir, "app", user="app"),
            SECRET_KEY="f0e1d2c3b4a5968778695a4b3c2d1e0f",
        )
    assert done.returncode == 0, done.stderr
    assert "profile" in done.stdout


def test_several_workers_serve_one_site(tmp_path: Path) -> None:
    with running(tmp_path / "data", DEMO="false", WORKERS="2") as service:
        bodies = [{"page": "/", "id": f"event {n % 20}"} for n in range(60)]
        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(lambda body: post(service.base, body), bodies))
        assert statuses.count(201) == 20
        assert statuses.count(200) == 40
