"""What the README shows is what happens."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from processes import ROOT, running

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def transcript() -> list[tuple[str, str]]:
    """The commands of the README with the output shown for each."""
    match = BLOCK.search((ROOT / "README.md").read_text())
    assert match
    commands: list[tuple[str, str]] = []
    for line in match[1].splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], ""))
        else:
            command, output = commands[-1]
            commands[-1] = (command, f"{output}{line}\n")
    return commands


def pattern(shown: str) -> re.Pattern[str]:
    """Output as shown, where an ellipsis stands for anything."""
    return re.compile(".*?".join(re.escape(part) for part in shown.strip().split("…")), re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")
def test_commands_of_readme_answer_as_shown(tmp_path: Path) -> None:
    commands = transcript()
    assert len(commands) > 8
    with running(tmp_path / "data", DEMO="false") as service:
        lines = [f"{command}; echo; echo '=====' " for command, _ in commands]
        script = "\n".join(lines).replace("localhost:8002", f"127.0.0.1:{service.port}")
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    outputs = done.stdout.replace("\r", "").split("=====")
    for (command, shown), output in zip(commands, outputs, strict=False):
        assert pattern(shown).fullmatch(output.strip()), f"{command}\n{output}\nshown:\n{shown}"
