"""A disk that is small enough to be filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


class Disk:
    """A file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.filling = path / "filling"

    def fill(self, free_megabytes: int = 0) -> None:
        """Leaves this much room, for anybody."""
        with self.filling.open("ab", buffering=0) as file, suppress(OSError):
            while self.free() > free_megabytes << 20 or not free_megabytes:
                file.write(b"x" * 4096)

    def free(self) -> int:
        """How many bytes are free."""
        found = os.statvfs(self.path)
        return found.f_bavail * found.f_frsize

    def empty(self) -> None:
        """Gives the room back."""
        self.filling.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A disk of this size. Skips the test where none can be mounted."""
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={megabytes}m,mode=0755"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", path])
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
