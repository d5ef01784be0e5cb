"""The PostgreSQL servers that the tests can run on, and which of them are at hand.

plain             always: the embedded server, partitions and portable rollups
timescale-apache  where the extension is: hypertables, portable rollups
timescale         where the extension is: hypertables, continuous aggregates

The extension is looked for in the embedded server's own PostgreSQL, then at TEST_DATABASE_URL,
then in a container. What was not at hand is said in the summary.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from api.db.embedded import embedded_server
from api.db.engine import Profile

IMAGE = "timescale/timescaledb:2.29.2-pg17"


class Servers:
    """Runs servers when they are first asked for, and knows why one could not be."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.embedded: str | None = None
        self.ran: set[str] = set()
        self.missing: dict[str, str] = {}

    def address(self, profile: Profile) -> str | None:
        """A server that can serve this profile, or None, with the reason in `missing`."""
        if self.embedded is None:
            folder = self.stack.enter_context(tempfile.TemporaryDirectory(prefix="analytics-test-"))
            self.embedded = self.stack.enter_context(embedded_server(Path(folder)))
        if profile is Profile.PLAIN or offers_timescaledb(self.embedded):
            return self.embedded
        return self.elsewhere(profile)

    def elsewhere(self, profile: Profile) -> str | None:
        """A server with the extension that is not the embedded one."""
        url = os.environ.get("TEST_DATABASE_URL") or self.container()
        if url and offers_timescaledb(url):
            return url
        self.missing[profile.value] = (
            "no PostgreSQL with TimescaleDB, no TEST_DATABASE_URL, no Docker"
        )
        return None

    def container(self) -> str | None:
        """A container of TimescaleDB Community, where there is a Docker engine."""
        import docker
        from testcontainers.postgres import PostgresContainer

        try:
            docker.from_env(timeout=3).ping()
        except Exception:  # the client raises many kinds; all mean the same here
            return None
        running = self.stack.enter_context(PostgresContainer(IMAGE, driver=None))
        return running.get_connection_url()


def offers_timescaledb(url: str) -> bool:
    """Whether the extension can be created there."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select 1 from pg_available_extensions where name = 'timescaledb'"
            " and current_setting('shared_preload_libraries') like '%timescaledb%'"
        )
        return found.fetchone() is not None


@contextmanager
def fresh_database(url: str, profile: Profile) -> Iterator[str]:
    """An empty database of its own on this server, made to look like the profile."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
        if profile is Profile.TIMESCALE_APACHE:
            connection.execute(f"alter database {name} set timescaledb.license = 'apache'")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")
