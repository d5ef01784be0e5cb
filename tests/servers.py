"""The PostgreSQL servers that the tests can run on, and which of them are at hand.

plain             always: the embedded server, partitions and portable rollups
timescale-apache  where the extension is: hypertables, portable rollups; a server of its own, since
                  the licence is a matter of the whole server
timescale         where the extension is: hypertables, continuous aggregates

The extension is looked for in the embedded server's own PostgreSQL, then at TEST_DATABASE_URL,
then in a container. What was not at hand is said in the summary.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from api.db.embedded import PROGRAMS, embedded_server, timescaledb_installed
from api.db.engine import Profile

IMAGE = "timescale/timescaledb:2.29.2-pg17"

MISSING = "no PostgreSQL with TimescaleDB: not embedded, no TEST_DATABASE_URL, no Docker"


class Servers:
    """Runs servers when they are first asked for, and knows why one could not be."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.addresses: dict[Profile, str | None] = {}
        self.ran: set[str] = set()
        self.missing: dict[str, str] = {}

    def profiles(self) -> list[Profile]:
        """Those for which there may be a server; why there is none for the others, is in
        `missing`. It is known without starting one: tests are not even collected for the others.
        """
        if timescaledb_installed(PROGRAMS) or os.environ.get("TEST_DATABASE_URL") or docker_runs():
            return [*Profile]
        self.missing |= {one.value: MISSING for one in Profile if one is not Profile.PLAIN}
        return [Profile.PLAIN]

    def address(self, profile: Profile) -> str | None:
        """A server that can serve this profile, or None, with the reason in `missing`."""
        if profile not in self.addresses:
            self.addresses[profile] = self.find(profile)
        if self.addresses[profile] is None:
            self.missing[profile.value] = MISSING
        return self.addresses[profile]

    def find(self, profile: Profile) -> str | None:
        """The embedded server where it will do, else one named by the environment, or Docker's."""
        if profile is Profile.PLAIN:
            return self.embedded()
        own = self.address(Profile.PLAIN)
        assert own is not None
        if offers_timescaledb(own):
            return own if profile is Profile.TIMESCALE else self.embedded_apache()
        named = os.environ.get("TEST_DATABASE_URL")
        if profile is Profile.TIMESCALE and named and offers_timescaledb(named):
            return named
        return self.container(profile)

    def embedded(self, folder: str | None = None) -> str:
        """The embedded server, on a folder of its own."""
        folder = folder or self.stack.enter_context(TemporaryDirectory(prefix="analytics-test-"))
        url = self.stack.enter_context(embedded_server(Path(folder)))
        forgo_durability(url)
        return url

    def embedded_apache(self) -> str:
        """An embedded server that knows no more than the Apache licence allows."""
        folder = self.stack.enter_context(TemporaryDirectory(prefix="analytics-test-"))
        with (
            embedded_server(Path(folder)) as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            connection.execute("alter system set timescaledb.license = 'apache'")
        return self.embedded(folder)

    def container(self, profile: Profile) -> str | None:
        """A container of TimescaleDB, where there is a Docker engine."""
        if not docker_runs():
            return None
        from testcontainers.community.postgres import PostgresContainer

        container = PostgresContainer(IMAGE, driver=None)
        if profile is Profile.TIMESCALE_APACHE:
            container.with_command("postgres -c timescaledb.license=apache")
        return self.stack.enter_context(container).get_connection_url()


def docker_runs() -> bool:
    """Whether a Docker engine answers. Its own client is asked, which leaves no socket behind."""
    client = shutil.which("docker")
    return (
        client is not None and not subprocess.run([client, "info"], capture_output=True).returncode
    )


def forgo_durability(url: str) -> None:
    """Has a server write nothing to disk before it says that something is stored. No test kills
    this one; those that do start servers of their own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"alter system set {setting} = off")  # pyright: ignore
        connection.execute("select pg_reload_conf()")


def offers_timescaledb(url: str) -> bool:
    """Whether the extension can be created there."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select 1 from pg_available_extensions where name = 'timescaledb'"
            " and current_setting('shared_preload_libraries') like '%timescaledb%'"
        )
        return found.fetchone() is not None


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """An empty database of its own on this server."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name} template template0")
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")
