"""`boot/analytics sql-role`, and data frames of what a role reads."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pandas
import pytest
from adbc_driver_postgresql import dbapi
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError

from conftest import SECRET
from installations import Installation
from processes import PATIENCE, ROOT, cli

ROLE = "analyst_of_demo"

TRAFFIC = "select bucket, visits from v_traffic order by bucket"

WEEK_AGO = "now() - interval '7 days'"

RECIPE = re.compile(r"```ipython\n(.*?)```", re.DOTALL)
"""The lines of a notebook in docs/notebooks.md."""


@dataclass
class Analyst:
    """A role that the command line made, and where it logs in."""

    installation: Installation
    password: str

    @property
    def parts(self) -> dict[str, str]:
        """Database and folder of the socket."""
        url = self.installation.service.environment["DATABASE_URL"]
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}

    @property
    def address(self) -> URL:
        """The address for SQLAlchemy."""
        database, host = self.parts["dbname"], self.parts["host"]
        driver = "postgresql+psycopg"
        return URL.create(driver, ROLE, self.password, database=database, query={"host": host})

    @property
    def uri(self) -> str:
        """The address for ADBC."""
        host, password = quote(self.parts["host"], safe=""), quote(self.password)
        return f"postgresql://{ROLE}:{password}@/{self.parts['dbname']}?host={host}"


def sql_role(installation: Installation, *arguments: str) -> str:
    """What the command prints."""
    service = installation.service
    url = service.environment["DATABASE_URL"]
    settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}
    done = cli(service.data_dir, "sql-role", *arguments, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def analyst(installation: Installation) -> Iterator[Analyst]:
    """A database role that reads the demo site, until the test ends."""
    analyst = Analyst(installation, sql_role(installation, "create", ROLE, "--site", "demo"))
    yield analyst
    sql_role(installation, "revoke", ROLE)
    engine = create_engine(analyst.address)
    with pytest.raises(OperationalError):
        engine.connect()


def test_role_of_command_line_reads_data_frames(analyst: Analyst, reading_key: str) -> None:
    assert f"{ROLE} demo" in sql_role(analyst.installation, "list").splitlines()
    engine = create_engine(analyst.address)
    traffic = pandas.read_sql(TRAFFIC, engine)
    engine.dispose()
    with dbapi.connect(analyst.uri) as connection, connection.cursor() as cursor:
        cursor.execute(TRAFFIC)
        arrow = cursor.fetch_arrow_table()
    assert arrow.column("visits").to_pylist() == traffic.visits.tolist()
    assert arrow.column("bucket").to_pylist() == traffic.bucket.tolist()
    with analyst.installation.client(reading_key) as client:
        assert traffic.visits.sum() == client.timeseries(period="all").visits.sum() > 1_000


def last_week(analyst: Analyst) -> list[str]:
    """The lines of traffic of the last seven days as pandas reads and writes them, in order."""
    engine = create_engine(analyst.address)
    read = pandas.read_sql(f"select * from v_traffic where bucket >= {WEEK_AGO}", engine)
    engine.dispose()
    return sorted(read.to_csv(index=False).splitlines())


@pytest.mark.slow
def test_recipe_of_jupysql_reads_what_pandas_reads(analyst: Analyst, tmp_path: Path) -> None:
    """The lines of the document run in IPython, as in the cells of a notebook."""
    (lines,) = RECIPE.findall((ROOT / "docs" / "notebooks.md").read_text())
    address = analyst.address.render_as_string(hide_password=False)
    script = tmp_path / "recipe.ipy"
    script.write_text(
        f"from sqlalchemy import create_engine\nengine = create_engine({address!r})\n{lines}"
        "by_hour.to_csv('by_hour.csv', index=False)\n"
    )
    command = [sys.executable, "-m", "IPython", "--ipython-dir", str(tmp_path), str(script)]
    before = last_week(analyst)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert analyst.password not in done.stdout + done.stderr
    read = sorted((tmp_path / "by_hour.csv").read_text().splitlines())
    # An hour may end, and with it the week begin later, while the recipe runs.
    assert read in (before, last_week(analyst))
    assert len(read) > 100
