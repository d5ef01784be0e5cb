"""The wall clock of some processes, which a test moves while they run (see clock.c).

Processes that were started with the environment of a clock see its time; this one sees the real
time, and asks the clock.
"""

import mmap
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
MICROSECOND = timedelta(microseconds=1)


def missing() -> str:
    """Why there can be no such clock on this machine; empty where there can."""
    if platform.system() != "Linux" or sys.maxsize < 2**32:
        return "a moved clock needs Linux on 64 bits"
    return "" if shutil.which("cc") else "a moved clock needs a C compiler (cc)"


class Clock:
    """A clock that shows a chosen time at first and then goes on by itself."""

    def __init__(self, folder: Path, start: datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # where tests are run by root, another user runs PostgreSQL
        self.library = folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.library, SOURCE], check=True)
        self.file = folder / "clock"
        self.file.write_bytes(bytes(mmap.PAGESIZE))
        with self.file.open("r+b") as file:
            self.page = memoryview(mmap.mmap(file.fileno(), mmap.PAGESIZE)).cast("q")
        self.offset = timedelta(0)
        self.move(start - datetime.now(UTC))

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process see this clock, and all that it starts."""
        return {"LD_PRELOAD": str(self.library), "CLOCK_FILE": str(self.file)}

    def now(self) -> datetime:
        """What it shows."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> None:
        """Puts it on, or back."""
        self.offset += by
        self.page[0] = self.offset // MICROSECOND * 1000
