"""Every notebook runs from its first cell to its last, and is committed with its outputs.

`UPDATE_NOTEBOOKS=1` writes the outputs of this run back.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from installations import Installation
from processes import ROOT

NBS = ROOT / "nbs"
NOTEBOOKS = sorted(NBS.glob("*.ipynb"))
DRAWN = NBS / "7_benchmarks.ipynb"
"""It reads a document and asks no service, so its outputs are the same in each run."""
ASKING = [path for path in NOTEBOOKS if path != DRAWN]

SECONDS = 600
"""How long a cell may take, far more than any does."""

OF_MACHINE = re.compile(
    r"(ak_\w|127\.0\.0\.1|localhost:|(?<![\w.])/(?:home|root|tmp|usr|work|Users)/)"
)
"""Secrets, addresses and paths of the machine on which a notebook ran."""


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("path", ASKING, ids=lambda path: path.stem)
def test_notebook_runs(
    path: Path, installation: Installation, reading_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANALYTICS_URL", installation.service.base)
    monkeypatch.setenv("ANALYTICS_KEY", reading_key)
    executed(path, monkeypatch)


def test_drawn_figures_are_those_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails, benchmarks.md has other figures than the committed notebook: run it with
    UPDATE_NOTEBOOKS=1 and look at the pictures."""
    told = texts_of(executed(DRAWN, monkeypatch))
    assert told == texts_of(json.loads(DRAWN.read_text()))


def executed(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The notebook with the outputs of a run."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    found = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, found)))
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(NBS)}}
    nbclient.NotebookClient(
        notebook, timeout=SECONDS, resources=place, record_timing=False
    ).execute()
    if os.environ.get("UPDATE_NOTEBOOKS"):
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)
    return notebook


def texts_of(notebook: Any) -> list[str]:
    """What the cells of a notebook print and answer, without pictures."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    return ["".join(output.get("text") or output["data"]["text/plain"]) for output in outputs]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 7


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_with_outputs(path: Path) -> None:
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == [*range(1, len(cells) + 1)]
    outputs = [output for cell in cells for output in cell["outputs"]]
    kinds = {output["output_type"] for output in outputs}
    assert kinds <= {"execute_result", "display_data", "stream"}
    assert not [output for output in outputs if output.get("name") == "stderr"]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert pictures


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_tells_nothing_of_the_machine(path: Path) -> None:
    for cell in code_cells(path):
        for output in cell["outputs"]:
            output.get("data", {}).pop("image/png", None)
        assert not OF_MACHINE.search(json.dumps(cell))
