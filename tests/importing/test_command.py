"""The command `import-log`, as an operator uses it."""

import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from log_lines import log_line

from processes import cli, database_of, running, service_environment

PATIENCE = 60
"""Seconds: far more than it takes."""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["access.log", "--format", "nginx"], ["combined", "caddy", "gcs", "$remote_addr"]),
        (["access.log", "--format", "$status"], ["an address", "a time", "a request"]),
        (["none.log", "none*.gz", "access.log"], ["none.log", "none*.gz", "there is no such file"]),
    ],
)
def test_wrong_argument_is_refused_before_anything_is_done(
    arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    log.write_text(log_line(1, "10:00:00"))
    given = [str(log) if one == "access.log" else one for one in arguments]
    done = cli(tmp_path / "data", "import-log", *given, "--site", "logs")
    assert (done.returncode, done.stdout) == (1, "")
    assert [word for word in words if word not in done.stderr] == []
    assert not (tmp_path / "data" / "postgres").exists()


def test_files_are_imported_and_those_of_no_format_reported(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    (tmp_path / "a.log").write_text(log_line(1, "10:00:00"))
    (tmp_path / "b.log").write_text("no log\n")
    command = ("import-log", str(tmp_path / "*.log"), "--site", "logs")
    dry = cli(data_dir, *command, "--dry-run")
    assert dry.returncode == 1
    assert "1 page views would be stored" in dry.stdout
    assert '"logs"' not in cli(data_dir, "site", "list").stdout
    done = cli(data_dir, *command)
    assert done.returncode == 1
    assert "1 log read as combined" in done.stdout
    assert "1 page views stored" in done.stdout
    assert "0 stored before" in done.stdout
    assert f"{tmp_path / 'b.log'}: no line fits a format; tried: combined, " in done.stderr


def test_log_is_imported_as_it_is_written(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    command = [sys.executable, "-m", "cli", "import-log", "-", "--site", "logs"]
    with running(data_dir, DEMO="false"):
        environment = service_environment(data_dir)
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, bufsize=0) as tail:
            assert tail.stdin
            for number in (1, 2):
                tail.stdin.write(log_line(number, "10:00:00").encode())
                wait_for_views(data_dir, number)
            tail.stdin.close()
            assert tail.wait(PATIENCE) == 0


def wait_for_views(data_dir: Path, number: int) -> None:
    """Waits until so many events are stored."""
    end = time.monotonic() + PATIENCE
    with psycopg.connect(database_of(data_dir), autocommit=True) as connection:
        while connection.execute("select count(*) from event").fetchone() != (number,):
            assert time.monotonic() < end, f"there are not {number} events"
            time.sleep(0.2)
