"""How much room the embedded server has left on its disk."""

import os
import shutil
from pathlib import Path

FOLDER = "EMBEDDED_DATABASE_FOLDER"
"""The environment variable that tells the processes of a service where its embedded server keeps
its data; unset where the database is another one."""

LEAST_ROOM = 64 * 2**20
"""Bytes. With less a server is about to fail: it takes 16 MB at a time for its WAL, and crashes
when it does not get them."""


def embedded_folder() -> Path | None:
    """Where the embedded server keeps its data, if that is the database."""
    return Path(os.environ[FOLDER]) if FOLDER in os.environ else None


def lack_of_room(folder: Path) -> str:
    """What to say when the disk of a server is as good as full; nothing when it is not."""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_ROOM:
        return ""
    return f"The disk of the embedded database is full: {free >> 20} MB are free."
