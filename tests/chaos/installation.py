"""The service, its PostgreSQL and its jobs, all by one clock, as an operator runs them."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from chaos.clock import Clock
from processes import ROOT, Service

PATIENCE = 120
"""Seconds within which anything is answered on a busy machine, also after a restart."""


class Installation:
    """A service with its embedded server below a folder that nobody else uses."""

    def __init__(self, folder: Path, clock: Clock, **settings: str) -> None:
        self.clock = clock
        self.data = folder / "data"
        self.service = Service(self.data, **clock.environment, **settings)
        self.rounds_log = folder / "rounds.log"
        self.client = httpx.Client(base_url=self.service.base, timeout=PATIENCE)
        self.rounds: subprocess.Popen[str] | None = None
        self.token = ""
        self.round_seconds = 0.0
        self.rounds_done = 0

    # ------------------------------------------------------------------------------ processes

    def start(self) -> None:
        """Starts the service, which starts its server."""
        self.service.start(PATIENCE)

    def stop(self) -> None:
        """Ends the service as an operator does, and with it the server."""
        self.service.stop()

    def kill_service(self) -> None:
        """SIGKILL to the service; the server stays."""
        process = self.service.process
        assert process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_server(self, everybody: bool) -> None:
        """SIGKILL to the postmaster, whose backends then end by themselves, or to all at once."""
        postmaster = psutil.Process(int(self.postmaster_file()[0]))
        assert postmaster.cwd() == str((self.data / "postgres").resolve())  # and nobody else's
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family if everybody else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def recovers(self, seconds: float) -> bool:
        """Whether the service says within this time that it is ready."""
        deadline = time.monotonic() + seconds
        while not (ready := self.service.is_ready()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return ready

    def close(self) -> None:
        """Ends everything, also a server that its service has left alone."""
        self.client.close()
        self.end_rounds()
        if self.service.process and self.service.process.poll() is None:
            self.stop()
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            self.kill_server(everybody=True)

    # ----------------------------------------------------------------------------------- jobs

    def begin_round(self) -> None:
        """Has every job done once, and does not wait for it."""
        if self.rounds is None or self.rounds.poll() is not None:
            self.end_rounds()
            self.rounds = self.start_rounds()
        assert self.rounds.stdin
        self.rounds.stdin.write("\n")
        self.rounds.stdin.flush()

    def start_rounds(self) -> subprocess.Popen[str]:
        """The process that does rounds."""
        path = f"{ROOT / 'src'}:{ROOT / 'tests'}"
        with self.rounds_log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "chaos.rounds"],
                env=self.service.environment | {"PYTHONPATH": path},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def end_rounds(self) -> None:
        """Ends the process that does rounds, if there is one."""
        if self.rounds:
            self.rounds.communicate(timeout=PATIENCE)

    def end_round(self) -> str:
        """Waits for the end of a round; how it went. Nothing, where the process has ended."""
        assert self.rounds
        assert self.rounds.stdout
        ready, _, _ = select.select([self.rounds.stdout], [], [], 5 * PATIENCE)
        assert ready, f"a round of the jobs does not end\n{self.rounds_log.read_text()[-2000:]}"
        return self.rounds.stdout.readline().strip()

    def do_round(self) -> str:
        """Every job once; how it went."""
        started = time.monotonic()
        self.begin_round()
        outcome = self.end_round()
        self.round_seconds += time.monotonic() - started
        self.rounds_done += 1
        return outcome

    def command(self, *arguments: str) -> str:
        """A command of `boot/analytics`; what it prints."""
        run = [sys.executable, "-m", "cli", *arguments]
        environment = self.service.environment
        return subprocess.run(
            run, env=environment, check=True, capture_output=True, text=True
        ).stdout

    # ------------------------------------------------------------------------------- requests

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
        """The answer to a question, asked again while the service is away."""
        return self.request("GET", path, params=params, headers=self.login)

    def post(self, path: str, body: Any) -> httpx.Response:
        """The answer to a body from somebody who may do everything."""
        return self.request("POST", path, json=body, headers=self.login)

    def put(self, path: str, body: Any) -> httpx.Response:
        """The same of something that is set."""
        return self.request("PUT", path, json=body, headers=self.login)

    def post_as_guest(self, path: str, body: Any, address: str) -> httpx.Response:
        """The answer to a body from a browser at this address."""
        agent = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0"
        headers = {"X-Forwarded-For": address, "User-Agent": agent}
        return self.request("POST", path, json=body, headers=headers)

    @property
    def login(self) -> dict[str, str]:
        """The header of somebody who is logged in."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def log_in(self) -> None:
        """Gets a login."""
        email, password = (self.data / "first-login.txt").read_text().split()
        body = {"email": email, "password": password}
        answer = self.request("POST", "/api/auth/login", json=body)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.client.cookies.clear()

    def request(self, method: str, path: str, **how: Any) -> httpx.Response:
        """The answer to a request, sent again while the service is away or busy."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.client.request(method, path, **how)
                if answer.status_code not in (429, 503) or time.monotonic() > deadline:
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    # ------------------------------------------------------------------------------- database

    def postmaster_file(self) -> list[str]:
        """What the server wrote down about itself."""
        return (self.data / "postgres" / "postmaster.pid").read_text().splitlines()

    def connect(self) -> psycopg.Connection[Any]:
        """A connection to look at tables; the clock may jump, so it is closed soon."""
        _, _, _, port, folder, *_ = self.postmaster_file()
        return psycopg.connect(
            host=folder, port=int(port), user="postgres", dbname="postgres", autocommit=True
        )
