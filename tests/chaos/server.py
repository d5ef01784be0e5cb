"""A PostgreSQL server of its own that can be killed, frozen and started again."""

import signal
from contextlib import suppress
from pathlib import Path

import psutil

from api.db.embedded import server_in, start, stop


class Server:
    """The embedded server, below a folder that nobody else uses."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.server = server_in(folder)

    def start(self) -> None:
        """Starts it, also after it was killed; returns when it takes connections."""
        start(self.server)

    @property
    def url(self) -> str:
        """Its address, of the database that is always there."""
        return self.server.get_uri()

    @property
    def socket(self) -> Path:
        """The socket on which it listens."""
        return Path(self.server.get_postmaster_info().socket_dir) / ".s.PGSQL.5432"

    @property
    def postmaster(self) -> psutil.Process:
        """The first of its processes."""
        return psutil.Process(self.server.get_pid())

    def family(self) -> list[psutil.Process]:
        """All of its processes."""
        return [self.postmaster, *self.postmaster.children(recursive=True)]

    def kill(self, everybody: bool = False) -> None:
        """SIGKILL to the postmaster, whose backends then end by themselves, or to all at once."""
        family = self.family()
        for process in family if everybody else family[:1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def freeze(self) -> None:
        """Stops every process where it stands; sockets stay open and nobody answers."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """Lets them go on."""
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it for good."""
        self.thaw()
        stop(self.server)
