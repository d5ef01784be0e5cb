"""Access to the database: a pool for writing events, one for reports, one for rows of models."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any, LiteralString, Self, TypeVar

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg.errors import QueryCanceled
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from api.db.engine import Engine, detect
from api.db.sql_files import Fragment, Statement, statement, text_of
from api.db.timeouts import (
    ANSWER_SECONDS,
    LONG_QUESTION_SECONDS,
    DeadlineConnection,
    LongReadingConnection,
    ReadingConnection,
    WritingConnection,
    closed_by_server,
)
from api.errors import TooMuchAsked

SQL = Path(__file__).parent / "sql"

REPORT_SECONDS = 15.0
"""How long the database may work on one question."""

POOL_PATIENCE = 0.6
"""The share of the answer time that may be spent on waiting for a connection."""

COMMON = (
    "-c timezone=UTC -c jit=off -c default_transaction_isolation=read\\ committed"
    # Changes of compressed chunks must not fail, however many rows have to be decompressed.
    " -c timescaledb.max_tuples_decompressed_per_dml_transaction=0"
    # Our own marks say which buckets are out of date: see docs/decisions/engine-invalidations.md.
    " -c timescaledb.skip_cagg_invalidation=on"
)
WRITING = (
    f"{COMMON} -c statement_timeout=10s -c lock_timeout=5s -c synchronous_commit=on"
    # A writer whose network fails holds the lock of its site no longer than this.
    " -c idle_in_transaction_session_timeout=5s"
    # A writer finds rows by their keys. For a new partition without statistics the planner would
    # choose to read it whole, which costs a hundred times as much once it has grown.
    " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off"
)
ROWS = f"{COMMON} -c statement_timeout=5s"
READING = (
    f"{COMMON} -c default_transaction_read_only=on -c work_mem=64MB"
    # TRAP: read committed takes one snapshot to plan and a later one to run. A chunk that a refresh
    # makes in between is not in the plan, but its buckets are clean already: they would be missing.
    " -c default_transaction_isolation=repeatable\\ read"
    # SkipScan makes count(distinct visitor_id) 10 to 30 times slower on such data.
    " -c timescaledb.enable_skipscan=off"
)

BY_HASH = "set local enable_nestloop = off"
"""For questions about ranges of visits and events. Of rows that came after the last ANALYZE the
planner expects one, and reads all visits of the range again for each event. What a question looks
up, it looks up in a lateral subquery (see docs/decisions/nested-loops.md)."""

COPYING = f"{READING} -c default_transaction_read_only=off -c temp_buffers=32MB"
"""A connection for copies is read only once its copy is made (see copied_statistics.sql)."""

Rows = list[dict[str, Any]]
C = TypeVar("C", bound=DeadlineConnection)


class Database:
    """The pools of one process. Writing has its own: reports cannot take its connections."""

    engine: Engine
    stored_rollups: tuple[float, dict[str, dict[str, Any]]] | None = None
    """When the stored rollups were last read, and what they were (see api.rollups.available)."""

    def __init__(
        self,
        url: str,
        report_seconds: float = REPORT_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.url = url
        self.report_seconds = report_seconds
        self.answer_seconds = answer_seconds
        patience = POOL_PATIENCE * answer_seconds
        self.writing = pool(
            url, WRITING, WritingConnection, size=6, timeout=patience, autocommit=True
        )
        limit = f" -c statement_timeout={round(report_seconds * 1000)}"
        self.reading = pool(url, READING + limit, ReadingConnection, size=8, timeout=patience)
        self.copying = pool(
            url,
            COPYING + limit,
            ReadingConnection,
            size=2,
            timeout=patience,
            least=0,
            configure=with_copies,
        )
        self.rows_engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self.connect_for_rows,
            pool_size=5,
            pool_timeout=patience,
            pool_pre_ping=True,
        )

    async def __aenter__(self) -> Self:
        async with await self.connect() as connection:
            self.engine = await detect(connection)
        await self.writing.open()
        await self.reading.open()
        await self.copying.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.writing.close()
        await self.reading.close()
        await self.copying.close()
        await self.rows_engine.dispose()

    async def connect(self) -> AsyncConnection[Any]:
        """A new connection in autocommit: for listening, jobs and refreshes."""
        return await AsyncConnection.connect(
            conninfo(self.url, COMMON), autocommit=True, connect_timeout=5
        )

    async def connect_for_rows(self) -> AsyncConnection[Any]:
        return await DeadlineConnection.connect(conninfo(self.url, ROWS), connect_timeout=2)

    def writer(self) -> AbstractAsyncContextManager[WritingConnection]:
        """A connection to write events with, in autocommit: else psycopg begins each transaction in
        a round trip of its own."""
        return lend(self.writing)

    @asynccontextmanager
    async def for_long_questions(self) -> AsyncGenerator[Self]:
        """This database with one connection of its own for reports, on which the database may work
        ten minutes on one question. It is closed after the block."""
        limit = f" -c statement_timeout={round(LONG_QUESTION_SECONDS * 1000)}"
        reading = pool(self.url, READING + limit, LongReadingConnection, size=1, timeout=30)
        patient = copy(self)
        patient.report_seconds, patient.reading = LONG_QUESTION_SECONDS, reading
        async with reading:
            yield patient

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A transaction on rows of models (users, sites), committed at the end of the block."""
        opened = AsyncSession(self.rows_engine, expire_on_commit=False)
        async with opened as session, session.begin():
            yield session

    async def rows(
        self,
        path: Path,
        values: Mapping[str, Any],
        slots: Mapping[str, Fragment] | None = None,
        *,
        prepare: bool = False,
        by_hash: bool = False,
    ) -> Rows:
        """The rows that the question in this .sql file returns, read only. With `prepare` the
        connection keeps the server's plan. With `by_hash` no join is a nested loop.

        Raises TooMuchAsked after `report_seconds`.
        """
        return await self.run(statement(path, slots), values, prepare=prepare, by_hash=by_hash)

    async def explain(
        self,
        path: Path,
        values: Mapping[str, Any],
        slots: Mapping[str, Fragment] | None = None,
        *,
        by_hash: bool = False,
    ) -> str:
        """PostgreSQL's plan of the question in this .sql file, with times of one run."""
        asked = statement(path, slots)
        explained: LiteralString = f"explain (analyze, buffers) {asked.text}"
        rows = await self.run(Statement(explained, asked.values), values, by_hash=by_hash)
        return "\n".join(row["QUERY PLAN"] for row in rows)

    async def run(
        self,
        question: Statement,
        values: Mapping[str, Any],
        *,
        prepare: bool = False,
        by_hash: bool = False,
    ) -> Rows:
        """The rows of a question. Raises TooMuchAsked after `report_seconds`.

        TRAP: a chunk or partition that is created while a question is planned is missing from the
        plan. A kept plan is not renewed because of it, either, and would leave out those rows for
        ever. See renew_plans.
        """
        async with lend(self.reading) as connection:
            if prepare:
                await renew_plans(connection)
            if by_hash:
                await connection.execute(BY_HASH)
            return await self.run_on(connection, question, values, prepare)

    async def run_on(
        self,
        connection: ReadingConnection,
        question: Statement,
        values: Mapping[str, Any],
        prepare: bool = False,
    ) -> Rows:
        """The rows of a question, read over this connection. Raises TooMuchAsked after
        `report_seconds`."""
        cursor = connection.cursor(row_factory=dict_row)
        bound = {**values, **question.values}
        try:
            await cursor.execute(question.text, bound, prepare=prepare)
        except QueryCanceled as error:
            raise TooMuchAsked(
                f"This takes the database more than {self.report_seconds:g} s. Ask for a"
                " shorter range, a coarser interval, or fewer filters and dimensions."
            ) from error
        return await cursor.fetchall()


async def with_copies(connection: ReadingConnection) -> None:
    """Makes the temporary tables of a new connection that copies visits and events."""
    await connection.execute(text_of(SQL / "copied_tables.sql"))
    await connection.commit()


async def renew_plans(connection: ReadingConnection) -> None:
    """Drops the kept plans of a connection when the set of partitions or chunks has changed. A plan
    that was made with the same set reads all rows that the transaction can see."""
    row = await (await connection.execute(text_of(SQL / "tables.sql"), prepare=True)).fetchone()
    tables = row[0] if row else None
    if tables != connection.tables:
        await connection.execute("deallocate all")
        connection.tables = tables


def pool(
    url: str,
    options: str,
    kind: type[C],
    size: int,
    timeout: float,
    autocommit: bool = False,
    least: int = 1,
    configure: Callable[[C], Awaitable[None]] | None = None,
) -> AsyncConnectionPool[C]:
    """A pool that refuses after `timeout` seconds, and connects again after an outage."""
    return AsyncConnectionPool(
        conninfo(url, options),
        min_size=least,
        configure=configure,
        max_size=size,
        open=False,
        timeout=timeout,
        max_waiting=200,
        reconnect_timeout=5,
        max_idle=60,
        connection_class=kind,
        kwargs={"connect_timeout": 2, "autocommit": autocommit},
    )


@asynccontextmanager
async def lend(pool: AsyncConnectionPool[C]) -> AsyncGenerator[C]:
    """A connection of the pool that the server has not closed in the meantime.

    The pool's own check takes a round trip each time, and a pause before it tries the next
    connection.
    """
    connection = await pool.getconn()
    for _ in range(pool.max_size):
        if not closed_by_server(connection):
            break
        await connection.close()
        await pool.putconn(connection)
        connection = await pool.getconn()
    try:
        async with connection:  # commits or rolls back; the pool keeps it open
            yield connection
    finally:
        await pool.putconn(connection)


def conninfo(url: str, options: str) -> str:
    return make_conninfo(
        url,
        options=options,
        application_name="analytics",
        keepalives_idle=10,
        keepalives_interval=3,
        keepalives_count=3,
        tcp_user_timeout=5000,
    )


def sqlalchemy_url(url: str) -> str:
    return f"postgresql+psycopg://{url.partition('://')[2]}"
