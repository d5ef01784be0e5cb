"""What the ingest benchmark compares with: a server that does nothing, and one INSERT a request."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

TABLE = """
create table if not exists bench_event (
    id bigint generated always as identity primary key, time timestamptz, page text,
    user_agent text, referrer text, session_id text, duration double precision
)
"""

INSERT = """
insert into bench_event (time, page, user_agent, referrer, session_id, duration)
values (%(time)s, %(page)s, %(user_agent)s, %(referrer)s, %(session_id)s, %(duration)s)
returning id
"""


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body and sends it back: what the server itself can do."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class EventIn(BaseModel):
    """An event as the simplest of services would take it."""

    page: str
    user_agent: str = ""
    referrer: str = ""
    session_id: str = ""
    duration: float | None = None


@asynccontextmanager
async def pool(app: FastAPI) -> AsyncGenerator[None]:
    """Connections for as long as the application lives."""
    async with AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=10, open=False) as opened:
        async with opened.connection() as connection:
            await connection.execute(TABLE)
        app.state.pool = opened
        yield


inserting = FastAPI(lifespan=pool)


@inserting.post("/", status_code=201)
async def create_event(event: EventIn) -> dict[str, Any]:
    """One transaction for one event."""
    row = event.model_dump() | {"time": datetime.now(UTC)}
    async with inserting.state.pool.connection() as connection:
        stored = await (await connection.execute(INSERT, row)).fetchone()
    return row | {"id": stored[0]}
