"""A stream of raw data whose database goes away ends as an error that its client notices."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from api.analytics.raw.responses import STREAM_ROWS
from api.db.engine import Profile
from conftest import SECRET, servers
from processes import Service, running
from servers import fresh_database

ROWS = 40_000

FILL = """
insert into event (visitor_id, time, site_id, visitor_number, id, visit_id, name, title)
select n, now() - interval '1 hour' + n * interval '1 ms', site.id, 0, gen_random_uuid(),
    gen_random_uuid(), 'pageview', repeat('x', 1500)
from site, generate_series(1, %s) n where key = 'default'
"""
"""More than the buffers between the service and a client hold."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    address = servers.address(Profile.PLAIN)
    assert address is not None
    settings = {"SECRET_KEY": SECRET, "JOBS": "false", "TIMESCALEDB": "off", "DEMO": "false"}
    with (
        fresh_database(address) as url,
        running(tmp_path_factory.mktemp("stream") / "data", DATABASE_URL=url, **settings) as it,
    ):
        with psycopg.connect(url) as connection:
            connection.execute(FILL, [ROWS])
        yield it
        it.stop()


@contextmanager
def database_away(service: Service) -> Iterator[None]:
    """Closes the connections of the database, and takes no new ones until the block ends."""
    url = urlsplit(service.environment["DATABASE_URL"])
    name = url.path[1:]
    allow = f'alter database "{name}" allow_connections'
    with psycopg.connect(url._replace(path="/postgres").geturl(), autocommit=True) as connection:
        connection.execute(f"{allow} false".encode())
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(f"{allow} true".encode())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_stream_ends_as_error_when_database_goes_away(service: Service, kind: str) -> None:
    service.await_ready()
    email, password = (service.data_dir / "first-login.txt").read_text().split()[:2]
    with httpx.Client(base_url=service.base, timeout=60) as client:
        body = {"email": email, "password": password}
        token = client.post("/api/auth/login", json=body).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        asked = {"hours": 2, "format": kind}
        whole = client.get("/api/events/raw", params=asked, headers=headers)
        if whole.status_code == 503:  # a connection that the case before closed
            whole = client.get("/api/events/raw", params=asked, headers=headers)
        assert len(whole.text.splitlines()) == ROWS + (kind == "csv")
        with client.stream("GET", "/api/events/raw", params=asked, headers=headers) as answer:
            assert answer.status_code == 200
            lines = answer.iter_lines()
            assert len([*islice(lines, STREAM_ROWS)]) == STREAM_ROWS
            with database_away(service), pytest.raises(httpx.RemoteProtocolError):
                deque(lines, maxlen=0)
