"""`boot/analytics sql-role`, and data frames of what a role reads."""

from urllib.parse import quote

import pandas
import pytest
from adbc_driver_postgresql import dbapi
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError

from conftest import SECRET
from installations import Installation
from processes import cli

ROLE = "analyst_of_demo"

TRAFFIC = "select bucket, visits from v_traffic order by bucket"


def test_role_of_command_line_reads_data_frames(
    installation: Installation, reading_key: str
) -> None:
    service = installation.service
    url = service.environment["DATABASE_URL"]
    settings = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "TIMESCALEDB": "off"}

    def run(*arguments: str) -> str:
        done = cli(service.data_dir, "sql-role", *arguments, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    password = run("create", ROLE, "--site", "demo")
    assert f"{ROLE} demo" in run("list").splitlines()
    parts = conninfo_to_dict(url)
    address = URL.create(
        "postgresql+psycopg",
        ROLE,
        password,
        database=str(parts["dbname"]),
        query={"host": str(parts["host"])},
    )
    engine = create_engine(address)
    try:
        traffic = pandas.read_sql(TRAFFIC, engine)
        host = quote(str(parts["host"]), safe="")
        uri = f"postgresql://{ROLE}:{quote(password)}@/{parts['dbname']}?host={host}"
        with dbapi.connect(uri) as connection, connection.cursor() as cursor:
            cursor.execute(TRAFFIC)
            arrow = cursor.fetch_arrow_table()
        assert arrow.column("visits").to_pylist() == traffic.visits.tolist()
        assert arrow.column("bucket").to_pylist() == traffic.bucket.tolist()
        with installation.client(reading_key) as client:
            assert traffic.visits.sum() == client.timeseries(period="all").visits.sum() > 1_000
        run("revoke", ROLE)
        engine.dispose()
        with pytest.raises(OperationalError):
            engine.connect()
    finally:
        engine.dispose()
