"""Brings a database up to date with this release, and creates what a new installation needs."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from api.auth.accounts import create_user, has_users
from api.auth.models import Registration
from api.db.columnstore import sync_columnstore
from api.db.database import Database
from api.db.migrate import migrate
from api.db.partitions import ensure_partitions, months_ahead
from api.errors import Conflict
from api.rollups.definitions import FACTS, ROLLUPS
from api.rollups.sync import sync_rollups
from api.sites.directory import DEFAULT_SITE, Sites
from api.sites.models import Visibility, utc_now
from settings import Settings, write_private

FIRST_USERNAME = "admin"
FIRST_EMAIL = "admin@localhost"

SETUP_LOCK = 20261128
"""Advisory lock of making the database match the declarations of this release."""


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """The account created for a new installation. Its password is shown once."""

    username: str
    password: str


@asynccontextmanager
async def migrated_database(settings: Settings) -> AsyncGenerator[Database]:
    """A database that is migrated, with rollups, partitions and policies as declared. It is open
    for as long as the block lasts."""
    await migrate(settings.database_url, timescaledb=settings.timescaledb == "auto")
    async with Database(settings.database_url) as database:
        async with await database.connect() as connection:
            # Held until the connection ends: two processes would change the same rows of the
            # catalog.
            await connection.execute("select pg_advisory_lock(%s)", [SETUP_LOCK])
            await sync_rollups(connection, database.engine, FACTS, ROLLUPS)
            await ensure_partitions(connection, database.engine, months_ahead(utc_now()))
            after = timedelta(days=settings.columnstore_after_days)
            await sync_columnstore(connection, database.engine, after)
        yield database


async def create_defaults(database: Database, settings: Settings) -> FirstLogin | None:
    """Creates the site `default` and, without any account, the first one. Returns its login."""
    await Sites(database).create(
        DEFAULT_SITE,
        domain="localhost",
        name="Default site",
        timezone=settings.db_timezone,
        visibility=Visibility.MEMBERS,
    )
    if await has_users(database):
        return None
    login = FirstLogin(FIRST_USERNAME, secrets.token_urlsafe(12))
    new = Registration(
        username=login.username,
        email=FIRST_EMAIL,
        password=login.password,
        full_name="Administrator",
    )
    try:
        await create_user(database, new, is_superuser=True)
    except Conflict:
        return None  # another process has created it, and shows its login
    write_private(settings.data_dir / "first-login.txt", f"{login.username}\n{login.password}\n")
    return login
