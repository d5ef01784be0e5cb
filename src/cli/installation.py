"""Opens the installation that a command is about, and reports errors in one line."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from api.db.database import Database
from api.db.embedded import embedded_server
from api.db.room import FOLDER
from api.errors import AnalyticsError
from api.text import printable
from bootstrap import migrated_database
from settings import Settings

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings. Prints a line for each one that is invalid, and exits with code 2."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            print(f"{name} {message}".strip(), file=sys.stderr)
        raise SystemExit(2) from None


@contextmanager
def with_database(settings: Settings) -> Generator[Settings]:
    """The settings with the address of the database: the given one or that of the embedded server,
    which runs for as long as the block lasts."""
    if settings.database_url:
        yield settings
        return
    with embedded_server(settings.data_dir) as url:
        os.environ |= {"DATABASE_URL": url, "SECRET_KEY": settings.secret}
        os.environ[FOLDER] = str(settings.data_dir / "postgres")
        yield settings.model_copy(update={"database_url": url, "secret_key": settings.secret})


@contextmanager
def friendly_errors() -> Generator[None]:
    """Prints expected errors as one line, and exits with code 1."""
    try:
        yield
    except (AnalyticsError, ValidationError, psycopg.Error, DBAPIError, OSError) as error:
        print(printable(sentence(error)), file=sys.stderr)
        raise SystemExit(1) from None


def sentence(error: BaseException | None) -> str:
    """The message of an error, without the SQL statement and values."""
    match error:
        case DBAPIError():
            return sentence(error.orig)
        case psycopg.Error():
            return error.diag.message_primary or str(error)
        case _:
            return str(error)


def with_migrated_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Runs work on a migrated database, with friendly errors."""

    async def main(settings: Settings) -> T:
        async with migrated_database(settings) as database:
            return await work(database, settings)

    with friendly_errors(), with_database(read_settings()) as settings:
        return asyncio.run(main(settings))
