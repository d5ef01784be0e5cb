"""The drills of CONTRIBUTING.md, carried out as they are written on a copy of the source.

A drill is a section `### …` with blocks of two kinds, taken in order: `sh` is run in the copy;
`diff` says under `+++ path` (* for what a command named) which lines are new (+), which go (-) and
beside which others, without line numbers. `@@` parts two places of one file.
"""

import re
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Self

from processes import ROOT

SECTION = re.compile(r"^### (.+)\n((?:(?!^##).*\n)*)", re.MULTILINE)
BLOCK = re.compile(r"^```(sh|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^\+\+\+ (\S+)\n((?:(?!^\+\+\+ ).*\n)*)", re.MULTILINE)

COPIED = ("src", "migrations", "alembic.ini", "README.md", "pyproject.toml")


def drills() -> dict[str, str]:
    """The text of each drill, by its heading."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return {match[1]: match[2] for match in SECTION.finditer(text) if BLOCK.search(match[2])}


class Tree:
    """A copy of the source that a drill changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(sys.prefix)

    def after(self, *drill_names: str) -> Self:
        """The tree once these drills have been done."""
        for name in drill_names:
            for kind, text in BLOCK.findall(drills()[name]):
                self.run(text) if kind == "sh" else self.change(text)
        return self

    def run(self, commands: str) -> None:
        """Runs the commands of a drill."""
        subprocess.run(["bash", "-ec", commands], cwd=self.folder, check=True, capture_output=True)

    def change(self, diff: str) -> None:
        """Changes every file of a diff."""
        for name, body in FILE.findall(diff):
            places = [
                list(lines)
                for is_mark, lines in groupby(body.splitlines(), lambda line: line == "@@")
                if not is_mark
            ]
            for lines in places:
                self.change_place(name, lines)

    def change_place(self, name: str, lines: list[str]) -> None:
        """Changes one place, which has to be there exactly once; or writes a new file."""
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        if not before:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (self.folder / name).open("x") as file:
                file.write(after)
            return
        (path,) = self.folder.glob(name)
        text = path.read_text()
        found = text.count(f"\n{before}")
        assert found == 1, f"{name} has {found} times, not once:\n{before}"
        path.write_text(text.replace(f"\n{before}", f"\n{after}"))
