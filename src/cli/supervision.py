"""What the processes of one service owe each other: the one that was started keeps the embedded
server running, and its web server processes end when it does."""

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

LOOK_SECONDS = 0.5
"""How often it is looked whether the embedded server runs."""

PAUSES = (0, 1, 2, 4, 8)
"""Seconds before each of the tries in a row to start it again. Then somebody has to look."""

STEADY_SECONDS = 60.0
"""A server that ran so long has started well, and the next try is a first one."""

LEAVE_SECONDS = 25.0
"""How long a process has to end by itself: the web server finishes requests for up to 20."""


@contextmanager
def kept_running(data_dir: Path) -> Generator[None]:
    """Starts the embedded server again whenever it is gone, until the block is left. Where that
    fails again and again it ends this process, and raises DoesNotStart."""
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
    """Looks after the embedded server, from a thread of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.server = server_in(data_dir)
        self.is_over = Event()
        self.tries = 0
        self.tried_at = 0.0
        self.failure = ""
        self.has_given_up = False

    def run(self) -> None:
        """Looks every so often, until it is over."""
        while not self.is_over.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:
                log.exception("supervision of the embedded database failed once; going on")

    def look(self) -> None:
        """Sees to the log, and to the server if it is gone."""
        bound_log(self.server.log)
        if is_running(self.server.pgdata):
            return
        if time.monotonic() - self.tried_at > STEADY_SECONDS:
            self.tries = 0
        if self.tries < len(PAUSES):
            self.revive()
        else:
            self.give_up()

    def revive(self) -> None:
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
        """Ends the service in good order, so that whoever runs it learns of it."""
        self.has_given_up = True
        self.is_over.set()
        os.kill(os.getpid(), signal.SIGTERM)


def build_worker() -> FastAPI:
    """The application. In a process of its own it uses the embedded server by itself, and ends
    with the process that started it."""
    app = build_app()
    if parent := parent_process():
        Thread(target=follow, args=[parent], daemon=True).start()
        if folder := embedded_folder():
            app.state.using = register_user(folder.parent)
        await_database(app.state.settings.database_url)
    return app


def await_database(url: str) -> None:
    """Waits for a database that is away for a moment: a process that takes the place of a killed
    one, and fails to start, would end the whole service."""
    deadline = time.monotonic() + STEADY_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(LOOK_SECONDS)


def follow(parent: BaseProcess) -> None:
    """Ends this process when its parent has ended, in whatever way: the requests that it is at
    are finished, and no new ones taken."""
    parent.join()
    log.warning("the process that started this one has ended; stopping")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LEAVE_SECONDS)
    os._exit(1)
