"""Whatever is sent, again, mixed up, changed or broken, by whatever process, the sums are right:
sent = accepted + duplicate + rejected in every answer, and stored = accepted over all of them."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from api.db.database import Database
from api.sites.models import utc_now
from main import build_app
from settings import Settings

POISON = [b"null", b'{"pgae": 1}', b'{"page": NaN}', b'{"page": "/\xff"}', b'{"page": "/\\u0000"}',
          b"[[]]", b'{"page": "/", "time": "1999-01-01T00:00:00Z"}', b""]  # fmt: skip


class Sender(RuleBasedStateMachine):
    """Sends to a service and keeps its own books."""

    settings: Settings
    loop: asyncio.Runner

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.accepted: set[str] = set()
        self.site = uuid4().hex
        with psycopg.connect(self.settings.database_url) as connection:
            new = "insert into site (key, domain, name) values (%s, %s, '')"
            connection.execute(new, [self.site, f"{self.site}.example"])
        self.start()

    def start(self) -> None:
        """Starts the service."""
        self.app = build_app(self.settings)
        self.life = self.app.router.lifespan_context(self.app)
        self.loop.run(self.life.__aenter__())

    def stop(self) -> None:
        """Ends it."""
        self.loop.run(self.life.__aexit__(None, None, None))

    def teardown(self) -> None:
        self.stop()

    def send(self, elements: list[bytes], good: list[str], lines: bool = False) -> None:
        """Sends a batch and checks the answer's sums."""
        body = b"\n".join(elements) if lines else b"[" + b",".join(elements) + b"]"
        report = self.loop.run(post(self.app, body))
        bad = len(elements) - len(good)
        new = set(good) - self.accepted
        assert len(report["rejected"]) == bad
        assert report["accepted"] == len(new)
        assert report["duplicate"] == len(good) - len(new)
        assert len(report["ids"]) == len(elements)
        self.accepted |= new

    def event(self, name: str, days: float = 0.0, page: str = "/") -> bytes:
        """An event of this name."""
        time = (utc_now() - timedelta(days=days)).isoformat()
        told = {"site": self.site, "id": name, "page": page, "time": time}
        return json.dumps(told).encode()

    @rule(target=names, names=st.lists(st.uuids().map(str), min_size=1, max_size=6))
    def send_new(self, names: list[str]) -> Any:
        self.send([self.event(name) for name in names], names)
        return multiple(*names)

    @rule(names=st.lists(names, min_size=1, max_size=8), data=st.data())
    def send_again_mixed_up_and_changed(self, names: list[str], data: st.DataObject) -> None:
        names = data.draw(st.permutations(names))
        days = data.draw(st.floats(0, 6.9))
        page = data.draw(st.sampled_from(["/", "/other"]))
        self.send([self.event(name, days, page) for name in names], list(names))

    @rule(names=st.lists(names, max_size=4), poison=st.lists(st.sampled_from(POISON), min_size=1))
    def send_with_poison(self, names: list[str], poison: list[bytes]) -> None:
        self.send([*poison, *(self.event(name) for name in names), *poison], names)

    @rule(names=st.lists(names, min_size=2, max_size=8))
    def send_as_lines(self, names: list[str]) -> None:
        self.send([self.event(name) for name in names], names, lines=True)

    @rule(names=st.lists(st.uuids().map(str), min_size=1, max_size=4, unique=True))
    def send_the_same_at_once(self, names: list[str]) -> None:
        body = b"[" + b",".join(self.event(name) for name in names) + b"]"
        reports = self.loop.run(post_at_once(self.app, body, 5))
        assert sum(report["accepted"] for report in reports) == len(set(names) - self.accepted)
        self.accepted |= set(names)

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @invariant()
    def stored_is_accepted(self) -> None:
        query = "select count(*) from event where site_id = (select id from site where key = %s)"
        with psycopg.connect(self.settings.database_url) as connection:
            assert connection.execute(query, [self.site]).fetchone() == (len(self.accepted),)


async def post(app: FastAPI, body: bytes) -> dict[str, Any]:
    """Posts a batch; the account of it."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.post("/api/events/", content=body)
    assert answer.status_code in (200, 201, 422), answer.text
    return answer.json()


async def post_at_once(app: FastAPI, body: bytes, times: int) -> list[dict[str, Any]]:
    """Posts a batch several times at the same time."""
    return await asyncio.gather(*(post(app, body) for _ in range(times)))


def test_the_sums_are_right_whatever_is_sent(settings: Settings, database: Database) -> None:
    with asyncio.Runner() as loop:
        Sender.settings, Sender.loop = settings, loop
        budget = hypothesis_settings(max_examples=12, stateful_step_count=20, deadline=None)
        run_machine(Sender, settings=budget)
