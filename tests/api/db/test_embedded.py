"""The embedded server: what it writes down, how many workers it has, and a disk that is full."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.db.embedded import LARGEST_LOG, embedded_server
from disks import small_disk
from processes import cli, database_of, running

WARN = """
set client_min_messages = error;
do $$ begin
    for n in 1..300 loop raise warning '%', repeat('x', 50000); end loop;
end $$
"""
"""Makes the server write 15 MB into its log."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a server runs."""
    data_dir = tmp_path_factory.mktemp("embedded")
    with embedded_server(data_dir):
        yield data_dir


def connect(data_dir: Path) -> psycopg.Connection:
    """A connection to the server below this folder."""
    return psycopg.connect(database_of(data_dir), autocommit=True)


def test_log_over_size_limit_is_rotated_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running(data_dir, DEMO="false"):
        log, old = data_dir / "postgres" / "log", data_dir / "postgres" / "log.old"
        for turn in ("first", "second"):
            with connect(data_dir) as connection:
                connection.execute(WARN)
            deadline = time.monotonic() + 60
            while log.stat().st_size > LARGEST_LOG:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            assert old.stat().st_size > LARGEST_LOG
            with connect(data_dir) as connection:
                connection.execute(f"do $$ begin raise warning 'after the {turn}'; end $$")
            assert f"after the {turn}" in log.read_text()
            assert "\0" not in log.read_text()
        assert "after the first" in old.read_text()
        assert sorted(path.name for path in log.parent.glob("log*")) == ["log", "log.old"]


def test_failed_statement_and_its_values_are_not_logged(folder: Path) -> None:
    log = folder / "postgres" / "log"
    before = log.stat().st_size
    with connect(folder) as connection:
        connection.execute("create table person (email text unique)")
        connection.execute("insert into person values ('ann@example.com')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into person values ('ann@example.com')")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select from nowhere where '%s' = %%s" % ("x" * 10**6), ["secret"])
    written = log.read_bytes()[before:].decode()
    assert 'relation "nowhere" does not exist' in written
    assert len(written) < 1000
    assert "ann@example.com" not in written
    assert "secret" not in written


def test_every_requested_background_worker_has_slot(folder: Path) -> None:
    with connect(folder) as connection:
        ((slots, parallel, timescaledb),) = connection.execute(
            "select current_setting('max_worker_processes')::int,"
            " current_setting('max_parallel_workers')::int,"
            " coalesce(current_setting('timescaledb.max_background_workers', true)::int, 0)"
        ).fetchall()
        # Beside them, the launcher of TimescaleDB's workers and that of logical replication.
        assert slots >= 2 + parallel + timescaledb
        connection.execute("create table large as select n from generate_series(1, 100000) n")
        connection.execute("set parallel_setup_cost = 0")
        connection.execute("set min_parallel_table_scan_size = 0")
        rows = connection.execute("explain (analyze) select sum(n) from large").fetchall()
    assert any("Workers Launched: 2" in line for (line,) in rows)


def test_start_on_full_disk_prints_one_sentence_and_exits_with_1(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=300) as disk:
        data_dir = disk.path / "data"

        def refused() -> None:
            start = cli(data_dir, "serve", DEMO="false")
            assert start.returncode == 1
            (line,) = start.stderr.splitlines()
            assert line.startswith("The disk of the embedded database is full: ")
            assert line.endswith(str(data_dir / "postgres"))

        disk.fill(free_megabytes=10)  # too little for a new server
        refused()
        disk.fill()
        refused()
        disk.empty()
        assert cli(data_dir, "doctor").returncode == 0
        disk.fill()
        refused()
