"""How much disk space the embedded server has left."""

import os
import shutil
from pathlib import Path

FOLDER = "EMBEDDED_DATABASE_FOLDER"
"""The environment variable with the folder of the embedded server's data; unset for another
database. Processes of one service pass it on."""

LEAST_ROOM = 64 * 2**20
"""Bytes. With less, the server is about to crash: it allocates its WAL in files of 16 MB."""


def embedded_folder() -> Path | None:
    """The folder of the embedded server's data; None for another database."""
    return Path(os.environ[FOLDER]) if FOLDER in os.environ else None


def lack_of_room(folder: Path) -> str:
    """A sentence for a disk that is almost full; '' for any other."""
    free = shutil.disk_usage(folder).free
    if free >= LEAST_ROOM:
        return ""
    return f"The disk of the embedded database is full: {free >> 20} MB are free."
