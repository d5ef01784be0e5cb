"""Real processes: the service as an operator starts it, on a free port and a folder of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from api.db.postmaster import postmaster_file

ROOT = Path(__file__).parents[1]

PATIENCE = 180.0
"""Seconds within which a service starts, answers and ends: far more than that takes beside other
tests."""

PATIENT = {"ANSWER_WITHIN_SECONDS": f"{PATIENCE:g}"}
"""Settings of a service that answers late on a busy machine instead of with 503, for tests of
something else."""


class Service:
    """A running service."""

    def __init__(self, data_dir: Path, wrapped: Sequence[str] = (), **environment: str) -> None:
        self.command = [*wrapped, sys.executable, "-m", "cli", "serve"]
        """What starts it, in another command if need be."""
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.log = data_dir.parent / f"{data_dir.name}-{self.port}.log"
        self.environment = service_environment(data_dir, PORT=str(self.port), **environment)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float = PATIENCE) -> None:
        """Starts it and waits until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.await_ready(patience)

    def await_ready(self, patience: float = PATIENCE) -> None:
        """Waits until it is ready."""
        assert self.process is not None
        deadline = time.monotonic() + patience
        while not self.is_ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            with urllib.request.urlopen(f"{self.base}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and waits for the end; the exit code."""
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(timeout=PATIENCE)

    def family(self) -> list[psutil.Process]:
        """The processes of the service beside the first, and without PostgreSQL's."""
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def output(self) -> str:
        """What it printed."""
        return self.log.read_text()


def service_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a process of ours, free of what the tests' own was given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ours = {"PYTHONPATH": str(ROOT / "src"), "DATA_DIR": str(data_dir), "PYTHONUNBUFFERED": "1"}
    return kept | ours | more


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Service]:
    """A service for as long as the block lasts."""
    service = Service(data_dir, **environment)
    try:
        service.start()
        yield service
    finally:
        if service.process and service.process.poll() is None:
            service.stop()


def post(base: str, body: Any) -> int:
    """Posts events; the status."""
    request = urllib.request.Request(f"{base}/api/events/", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return answer.status


def get(base: str, path: str) -> Any:
    """The JSON at a path."""
    with urllib.request.urlopen(f"{base}{path}", timeout=PATIENCE) as answer:
        return json.load(answer)


def cli(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=service_environment(data_dir, **environment),
        capture_output=True,
        text=True,
        timeout=600,
    )


def database_of(data_dir: Path, name: str = "postgres", user: str = "postgres") -> str:
    """The address of a database of the embedded server of this service.

    The server's socket is in the folder of its data, or in another one where that folder's path is
    too long for a socket.
    """
    lines = postmaster_file(data_dir / "postgres")
    assert lines is not None, "no server runs there"
    return f"postgresql://{user}@/{name}?host={lines[4]}"


def servers_of(data_dir: Path) -> list[psutil.Process]:
    """The PostgreSQL servers that run on this folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "postgres" and str(data_dir / "postgres") in words:
            found.append(process)
    return found
