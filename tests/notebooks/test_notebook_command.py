"""`boot/analytics notebook`, with a program in place of JupyterLab that says what it was given."""

import os
from pathlib import Path

import pytest

from analytics_client import Unauthenticated
from conftest import SECRET
from installations import Installation
from processes import ROOT, cli

PROGRAM = """
import os, sys
from analytics_client import Analytics
visits = Analytics().timeseries(days=30, interval="day").visits.sum()
print(sys.argv[1], os.environ["ANALYTICS_SITE"], visits > 1_000, os.environ["ANALYTICS_KEY"])
"""


def test_notebook_has_key_until_it_ends(installation: Installation, tmp_path: Path) -> None:
    service = installation.service
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab/__init__.py").touch()
    (tmp_path / "jupyterlab/__main__.py").write_text(PROGRAM)
    done = cli(
        service.data_dir,
        "notebook",
        DATABASE_URL=service.environment["DATABASE_URL"],
        SECRET_KEY=SECRET,
        TIMESCALEDB="off",
        PORT=str(service.port),
        PYTHONPATH=os.pathsep.join((str(ROOT / "src"), str(tmp_path))),
    )
    assert done.returncode == 0, done.stderr
    folder, site, has_visits, key = done.stdout.split()
    assert (folder, site, has_visits) == (str(ROOT / "nbs"), "demo", "True")
    with installation.client(key) as client, pytest.raises(Unauthenticated):
        client.pages()
