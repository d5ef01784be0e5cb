"""The engine profile of the server. It is detected once; other modules ask the Engine."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from api.db.sql_files import execute
from api.errors import AnalyticsError

SQL = Path(__file__).parent / "sql"

MINIMUM_POSTGRES = 16
"""The oldest major version that is supported."""

MINIMUM_TIMESCALEDB = (2, 28, 0)
"""The first version with timescaledb.skip_cagg_invalidation (see api.db.database.COMMON)."""


class Profile(StrEnum):
    """The engine profiles: the three kinds of server."""

    PLAIN = "plain"
    TIMESCALE_APACHE = "timescale-apache"
    TIMESCALE = "timescale"


@dataclass(frozen=True, slots=True)
class Engine:
    """A server's profile and versions."""

    profile: Profile
    postgres: int
    timescaledb: str

    @property
    def hypertables(self) -> bool:
        """Whether time tables are hypertables (else: declarative partitions)."""
        return self.profile is not Profile.PLAIN

    @property
    def continuous_aggregates(self) -> bool:
        """Whether rollups are native continuous aggregates (else: tables of ours)."""
        return self.profile is Profile.TIMESCALE


class UnsupportedServer(AnalyticsError):
    """This PostgreSQL server is too old, or its database has an encoding other than UTF8."""

    status = 503
    code = "UNSUPPORTED_SERVER"


async def detect(connection: AsyncConnection[Any]) -> Engine:
    """The engine of this server. Raises UnsupportedServer when its version is too old."""
    row = await (await execute(connection, SQL / "engine.sql")).fetchone()
    assert row is not None
    postgres, timescaledb, license_name = row
    if postgres < MINIMUM_POSTGRES:
        raise UnsupportedServer(f"PostgreSQL {postgres} is too old; {MINIMUM_POSTGRES} is needed.")
    if timescaledb and version(timescaledb) < MINIMUM_TIMESCALEDB:
        least = ".".join(map(str, MINIMUM_TIMESCALEDB))
        raise UnsupportedServer(f"TimescaleDB {timescaledb} is too old; {least} is needed.")
    return Engine(profile_of(timescaledb, license_name), postgres, timescaledb)


def profile_of(timescaledb: str, license_name: str) -> Profile:
    """The profile by extension version ('' for none) and licence."""
    if not timescaledb:
        return Profile.PLAIN
    return Profile.TIMESCALE if license_name == "timescale" else Profile.TIMESCALE_APACHE


def version(text: str) -> tuple[int, ...]:
    """'2.29.2-dev' as (2, 29, 2)."""
    return tuple(int(part) for part in text.split("-")[0].split("."))
