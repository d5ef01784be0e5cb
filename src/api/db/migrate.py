"""Migrates the schema to the newest revision. Several processes may do it at once."""

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
"""Advisory lock of migrations. It belongs to a session, so that a killed process releases it."""


UNFINISHED = "restore_unfinished"
"""The table that a database has while a backup is restored to it, and for good if that fails: what
is there then may lack rows, and what keeps them in order."""


class UnfinishedRestore(AnalyticsError):
    """A backup is being restored to this database, or was not restored to its end; then make the
    database anew, and restore again."""


class NewerSchema(AnalyticsError):
    """A newer release has migrated this database, so this release cannot use it."""


async def migrate(url: str, timescaledb: bool = True) -> None:
    """Applies every missing revision, one process at a time.

    Creates the TimescaleDB extension first, if `timescaledb` is true and the server offers it.
    Raises NewerSchema when the database has revisions that this release lacks, UnfinishedRestore
    when a backup was not restored to its end, UnsupportedServer when it is not encoded in UTF-8.
    """
    await asyncio.to_thread(upgrade, url, timescaledb)


def upgrade(url: str, timescaledb: bool) -> None:
    """The synchronous part of migrate: Alembic is not async."""
    refuse_other_encodings(url)
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as lock, engine.connect() as connection:
        lock.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
        refuse_unfinished(connection)
        if timescaledb:
            create_extension(connection)
        refuse_newer(connection)
        # Alembic commits only transactions that it began itself.
        connection.commit()
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, "head")


def create_extension(connection: Connection) -> None:
    """Creates the extension in a new database if the server has it preloaded, as it must be."""
    offered = connection.execute(
        text(
            # A setting that this role may not see has no row here; current_setting() would fail.
            "select 1 from pg_available_extensions, pg_settings s"
            " where pg_available_extensions.name = 'timescaledb' and installed_version is null"
            " and s.name = 'shared_preload_libraries' and s.setting like '%timescaledb%'"
        )
    ).first()
    fresh = connection.execute(text("select to_regclass('event') is null")).scalar_one()
    if offered and fresh:
        connection.execute(text("create extension timescaledb"))


def refuse_other_encodings(url: str) -> None:
    """Raises UnsupportedServer unless the database is encoded in UTF-8. This does not use
    SQLAlchemy, which cannot connect to a database of another encoding."""
    with psycopg.connect(url) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise UnsupportedServer(
                f"The database {connection.info.dbname!r} is encoded in {encoding}, and UTF8 is"
                " needed; make one with: createdb --encoding UTF8 --template template0"
            )


def refuse_unfinished(connection: Connection) -> None:
    asked = text("select to_regclass(:table) is not null")
    if connection.execute(asked, {"table": UNFINISHED}).scalar_one():
        raise UnfinishedRestore


def refuse_newer(connection: Connection) -> None:
    own = {revision.revision for revision in scripts().walk_revisions()}
    if connection.execute(text("select to_regclass('alembic_version') is null")).scalar_one():
        return
    current = connection.execute(text("select version_num from alembic_version")).scalars().all()
    if not own.issuperset(current):
        raise NewerSchema


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)
