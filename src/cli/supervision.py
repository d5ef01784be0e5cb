"""Supervision of the processes of a service: the first process keeps the embedded server running,
and web server processes end with the first process."""

import logging
import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread

import psycopg
from fastapi import FastAPI

from api.db.embedded import DoesNotStart, bound_log, register_user, server_in, start
from api.db.postmaster import is_running
from api.db.room import embedded_folder
from main import build_app

log = logging.getLogger("analytics.supervision")

CHECK_SECONDS = 0.5
"""How often it is checked that the embedded server runs."""

PAUSES = (0, 1, 2, 4, 8)
"""Seconds before each attempt in a row to start it again. After the last, the service ends."""

STEADY_SECONDS = 60.0
"""After a server has run this long, attempts are counted from the first again."""

LEAVE_SECONDS = 25.0
"""How long a process has to end: the web server finishes requests for up to 20 seconds."""


@contextmanager
def kept_running(data_dir: Path) -> Generator[None]:
    """Starts the embedded server again whenever it has stopped, until the block ends. When all
    attempts have failed, it ends this process, and raises DoesNotStart."""
    keeper = Keeper(data_dir)
    thread = Thread(target=keeper.run, name="keeper of the embedded server")
    thread.start()
    try:
        yield
    finally:
        keeper.is_over.set()
        thread.join()
        if keeper.has_given_up:
            raise DoesNotStart(keeper.failure)


class Keeper:
    """Keeps the embedded server running, from a thread of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.server = server_in(data_dir)
        self.is_over = Event()
        self.tries = 0
        self.tried_at = 0.0
        self.failure = ""
        self.has_given_up = False

    def run(self) -> None:
        while not self.is_over.wait(CHECK_SECONDS):
            try:
                self.check()
            except Exception:
                log.exception("supervision of the embedded database failed once; going on")

    def check(self) -> None:
        """Limits the size of the log, and starts the server again if it has stopped."""
        bound_log(self.server.log)
        if is_running(self.server.pgdata):
            return
        if time.monotonic() - self.tried_at > STEADY_SECONDS:
            self.tries = 0
        if self.tries < len(PAUSES):
            self.restart()
        else:
            self.give_up()

    def restart(self) -> None:
        """Starts the server again, after a pause that grows from try to try."""
        if self.is_over.wait(PAUSES[self.tries]):
            return
        self.tries += 1
        log.warning("the embedded database stopped; starting it again, attempt %s", self.tries)
        self.failure = f"The embedded database stops again and again; see {self.server.log}"
        try:
            start(self.server)
        except DoesNotStart as error:
            self.failure = str(error)
        finally:
            self.tried_at = time.monotonic()

    def give_up(self) -> None:
        """Ends the service with SIGTERM, so that its supervisor notices."""
        self.has_given_up = True
        self.is_over.set()
        os.kill(os.getpid(), signal.SIGTERM)


def build_worker() -> FastAPI:
    """The application. A web server process of its own registers as a user of the embedded server,
    and ends with the process that started it."""
    app = build_app()
    if parent := parent_process():
        Thread(target=end_with, args=[parent], daemon=True).start()
        if folder := embedded_folder():
            app.state.using = register_user(folder.parent)
        await_database(app.state.settings.database_url)
    return app


def await_database(url: str) -> None:
    """Waits for a database that is away for a moment. A process that replaces a killed one, and
    fails to start, would end the whole service."""
    deadline = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(CHECK_SECONDS)


def end_with(parent: BaseProcess) -> None:
    """Ends this process when its parent has ended, in whatever way. Current requests are
    finished."""
    parent.join()
    log.warning("the process that started this one has ended; stopping")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_SECONDS)
    os._exit(1)
