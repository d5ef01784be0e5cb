"""How a command reaches the installation that it is about, and says what is wrong with it."""

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
from bootstrap import migrated_database
from settings import Settings

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings, or a clear word about each one that is wrong, and exit code 2."""
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
    """The settings with a database address: the given one, or the embedded server's."""
    if settings.database_url:
        yield settings
        return
    with embedded_server(settings.data_dir) as url:
        os.environ |= {"DATABASE_URL": url, "SECRET_KEY": settings.secret}
        os.environ[FOLDER] = str(settings.data_dir / "postgres")
        yield settings.model_copy(update={"database_url": url, "secret_key": settings.secret})


@contextmanager
def friendly_errors() -> Generator[None]:
    """What can go wrong without being our fault is said in one line, with exit code 1."""
    try:
        yield
    except (AnalyticsError, ValidationError, psycopg.Error, DBAPIError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        raise SystemExit(1) from None


def sentence(error: BaseException | None) -> str:
    """What a server or a driver says, without the statement that it says it of."""
    match error:
        case DBAPIError():
            return sentence(error.orig)
        case psycopg.Error():
            return error.diag.message_primary or str(error)
        case _:
            return str(error)


def with_migrated_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Runs some work on a prepared database, and says what went wrong in one line."""

    async def main(settings: Settings) -> T:
        async with migrated_database(settings) as database:
            return await work(database, settings)

    with friendly_errors(), with_database(read_settings()) as settings:
        return asyncio.run(main(settings))
