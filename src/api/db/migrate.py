"""Brings the schema to head. Safe when several processes start at once."""

import asyncio
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from api.db.database import sqlalchemy_url
from api.db.engine import UnsupportedServer
from api.errors import AnalyticsError

MIGRATIONS = Path(__file__).parents[3] / "migrations"

LOCK = 20261122
"""Advisory lock of this service's migrations; a session lock, so that a killed process frees it."""


class NewerSchema(AnalyticsError):
    """The database was migrated by a newer release than this one; refusing to touch it."""


async def migrate(url: str, timescaledb: bool = True) -> None:
    """Applies every missing revision, one process at a time.

    TimescaleDB is created in the database first when it is wanted and the server offers it.
    Raises NewerSchema when the database is ahead of this code, UnsupportedServer when it is not
    encoded in UTF-8.
    """
    await asyncio.to_thread(upgrade, url, timescaledb)


def upgrade(url: str, timescaledb: bool) -> None:
    """The work of migrate; Alembic knows no async, so it runs in a thread."""
    refuse_other_encodings(url)
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as lock, engine.connect() as connection:
        lock.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
        if timescaledb:
            create_extension(connection)
        refuse_newer(connection)
        # Alembic commits its own transactions only, not one that was open before it came.
        connection.commit()
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "head")


def create_extension(connection: Connection) -> None:
    """TimescaleDB, where the server has it preloaded: without that it cannot be created."""
    offered = connection.execute(
        text(
            # pg_settings hides what this role may not see; current_setting() would refuse.
            "select 1 from pg_available_extensions, pg_settings s"
            " where pg_available_extensions.name = 'timescaledb' and installed_version is null"
            " and s.name = 'shared_preload_libraries' and s.setting like '%timescaledb%'"
        )
    ).first()
    fresh = connection.execute(text("select to_regclass('event') is null")).scalar_one()
    if offered and fresh:
        connection.execute(text("create extension timescaledb"))


def refuse_other_encodings(url: str) -> None:
    """A page or a title may be in any language. SQLAlchemy fails before it can be asked this."""
    with psycopg.connect(url) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise UnsupportedServer(
                f"The database {connection.info.dbname!r} is encoded in {encoding}, and UTF8 is"
                " needed; make one with: createdb --encoding UTF8 --template template0"
            )


def refuse_newer(connection: Connection) -> None:
    """An unknown revision means that a newer release was here."""
    known = {revision.revision for revision in scripts().walk_revisions()}
    if connection.execute(text("select to_regclass('alembic_version') is null")).scalar_one():
        return
    current = connection.execute(text("select version_num from alembic_version")).scalars().all()
    if not known.issuperset(current):
        raise NewerSchema


def scripts() -> ScriptDirectory:
    """The revisions that this release knows."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)
