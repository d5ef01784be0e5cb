"""Machines that send whatever comes to mind, and keep books: in every answer, sent = accepted +
duplicate + rejected; over all of them, stored = accepted, each event once.

    PYTHONPATH=src:tests python -m chaos.conservation --examples 500
"""

import argparse
import asyncio
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
import uvicorn
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from api.sites.models import utc_now
from bootstrap import create_defaults, migrated_database
from chaos.proxy import COMMITTED, Proxy
from chaos.server import Server
from main import build_app
from settings import Settings

POISON = [b"null", b'{"pgae": 1}', b'{"page": NaN}', b'{"page": "/\xff"}', b'{"page": "/\\u0000"}',
          b"[[]]", b'{"page": "/", "time": "1999-01-01T00:00:00Z"}', b"{"]  # fmt: skip

NAMES = st.lists(st.uuids(version=4).map(str), min_size=1, max_size=6)

Answer = tuple[int, dict[str, Any]]


class Sender(RuleBasedStateMachine):
    """Sends to a service and keeps its own books."""

    settings: Settings
    loop: asyncio.Runner
    address: str
    """Of the database, by a way on which nothing breaks."""

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.accepted: set[str] = set()
        self.uncertain: set[str] = set()
        """What was sent, and nobody has said yet what became of it."""
        self.site = uuid4().hex
        with psycopg.connect(self.address) as connection:
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

    async def post(self, body: bytes) -> Answer:
        """Posts a batch; the status and the account of it."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://test", verify=False
        ) as client:
            answer = await client.post("/api/events/", content=body)
        return answer.status_code, answer.json()

    async def post_at_once(self, body: bytes, times: int) -> list[Answer]:
        """Posts a batch several times at the same time."""
        return await asyncio.gather(*(self.post(body) for _ in range(times)))

    def deliver(self, body: bytes, names: list[str], times: int = 1) -> list[dict[str, Any]]:
        """Posts a batch, again and again while it may be; the accounts of it."""
        reports: list[dict[str, Any]] = []
        while not reports:
            answers = self.loop.run(self.post_at_once(body, times))
            assert {status for status, _ in answers} <= {200, 201, 422, 503}, answers
            reports = [report for status, report in answers if status != 503]
            if len(reports) < times:
                self.uncertain |= set(names) - self.accepted
        return reports

    def check_new(self, reports: list[dict[str, Any]], names: list[str]) -> None:
        """What is new was accepted once, unless an earlier try of unknown fate had stored it."""
        new = set(names) - self.accepted
        accepted = sum(report["accepted"] for report in reports)
        assert len(new - self.uncertain) <= accepted <= len(new), (reports, new, self.uncertain)
        self.accepted |= new
        self.uncertain -= new

    def send(self, elements: list[bytes], good: list[str], lines: bool = False) -> None:
        """Sends a batch and checks the answer's sums."""
        body = b"\n".join(elements) if lines else b"[" + b",".join(elements) + b"]"
        (report,) = self.deliver(body, good)
        assert len(report["rejected"]) == len(elements) - len(good)
        assert report["accepted"] + report["duplicate"] == len(good)
        assert len(report["ids"]) == len(elements)
        self.check_new([report], good)

    def event(self, name: str, days: float = 0.0, page: str = "/") -> bytes:
        """An event of this name."""
        time = (utc_now() - timedelta(days=days)).isoformat()
        told = {"site": self.site, "id": name, "page": page, "time": time}
        return json.dumps(told).encode()

    def batch(self, names: list[str]) -> bytes:
        """A body with events of these names."""
        return b"[" + b",".join(self.event(name) for name in names) + b"]"

    @rule(target=names, names=NAMES)
    def send_new(self, names: list[str]) -> Any:
        self.send([self.event(name) for name in names], names)
        return multiple(*names)

    @rule(names=st.lists(names, min_size=1, max_size=8), data=st.data())
    def send_again_mixed_up_and_changed(self, names: list[str], data: st.DataObject) -> None:
        names = data.draw(st.permutations(names))
        days = data.draw(st.floats(-6.9, 6.9))
        page = data.draw(st.sampled_from(["/", "/other"]))
        self.send([self.event(name, days, page) for name in names], list(names))

    @rule(
        names=st.lists(names, min_size=1, max_size=4),
        poison=st.lists(st.sampled_from(POISON), min_size=1),
    )
    def send_with_poison(self, names: list[str], poison: list[bytes]) -> None:
        events = [self.event(name) for name in names]
        self.send([*poison, *events, *poison], names, lines=True)

    @rule(names=st.lists(names, min_size=2, max_size=8))
    def send_as_lines(self, names: list[str]) -> None:
        self.send([self.event(name) for name in names], names, lines=True)

    @rule(target=names, names=NAMES)
    def send_the_same_at_once(self, names: list[str]) -> Any:
        self.check_new(self.deliver(self.batch(names), names, times=5), names)
        return multiple(*names)

    @rule()
    def restart(self) -> None:
        self.stop()
        self.start()

    @invariant()
    def stored_is_accepted(self) -> None:
        query = "select e.id::text from event e join site s on s.id = e.site_id where s.key = %s"
        with psycopg.connect(self.address) as connection:
            rows = connection.execute(query, [self.site]).fetchall()
        stored = Counter(name for (name,) in rows)
        assert not stored or max(stored.values()) == 1
        assert self.accepted <= stored.keys() <= self.accepted | self.uncertain


class Breaker(Sender):
    """Sends over a real network to a real server, and breaks the one and the other."""

    proxy: Proxy
    server: Server

    def start(self) -> None:
        super().start()
        self.loop.run(self.listen())

    def stop(self) -> None:
        self.loop.run(self.abort())
        super().stop()

    async def listen(self) -> None:
        """Serves on a free port."""
        config = uvicorn.Config(self.app, port=0, lifespan="off", log_config=None)
        config.load()
        self.web = uvicorn.Server(config)
        self.web.lifespan = config.lifespan_class(config)
        await self.web.startup()
        self.port = self.web.servers[0].sockets[0].getsockname()[1]
        self.serving = asyncio.create_task(self.web.main_loop())

    async def abort(self) -> None:
        """Stops serving."""
        self.web.should_exit = True
        await self.serving
        await self.web.shutdown()

    async def post(self, body: bytes) -> Answer:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", verify=False
        ) as client:
            answer = await client.post("/api/events/", content=body, timeout=30)
        return answer.status_code, answer.json()

    async def post_and_leave(self, body: bytes, seconds: float) -> None:
        """Posts a batch and hangs up without having heard what became of it."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"POST /api/events/ HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        await asyncio.sleep(seconds)
        writer.transport.abort()

    async def post_while_it_breaks(self, body: bytes, seconds: float) -> list[Answer]:
        """Posts a batch; in the middle of it, the service loses all its connections."""
        asyncio.get_running_loop().call_later(seconds, self.proxy.cut)
        return [await self.post(body)]

    def send_whole(self, names: list[str]) -> None:
        """Sends events of these names, as whoever does not know whether they arrived."""
        self.send([self.event(name) for name in names], names)

    @rule(target=Sender.names, names=NAMES, seconds=st.sampled_from([0, 0.002, 0.005, 0.02]))
    def leave_before_the_answer_and_come_again(self, names: list[str], seconds: float) -> Any:
        self.uncertain |= set(names)
        self.loop.run(self.post_and_leave(self.batch(names), seconds))
        self.send_whole(names)
        return multiple(*names)

    @rule(target=Sender.names, names=NAMES)
    def leave_for_good(self, names: list[str]) -> Any:
        self.uncertain |= set(names)
        self.loop.run(self.post_and_leave(self.batch(names), 0))
        return multiple(*names)

    @rule(target=Sender.names, names=NAMES, seconds=st.floats(0, 0.02))
    def cut_the_network_and_come_again(self, names: list[str], seconds: float) -> Any:
        self.uncertain |= set(names)
        self.loop.run(self.post_while_it_breaks(self.batch(names), seconds))
        self.send_whole(names)
        return multiple(*names)

    @rule(target=Sender.names, names=NAMES)
    def lose_the_news_of_the_commit(self, names: list[str]) -> Any:
        self.uncertain |= set(names)
        self.proxy.never_arrives = COMMITTED
        self.send_whole(names)
        return multiple(*names)

    @rule(target=Sender.names, names=NAMES, everybody=st.booleans())
    def restart_the_database_and_come_again(self, names: list[str], everybody: bool) -> Any:
        self.uncertain |= set(names)
        self.loop.run(self.post_and_leave(self.batch(names), 0.005))
        self.server.kill(everybody)
        self.server.start()
        self.send_whole(names)
        return multiple(*names)


def run_sender(settings: Settings, examples: int, steps: int) -> None:
    """Lets a sender loose on an installation."""
    with asyncio.Runner() as loop:
        Sender.settings, Sender.loop, Sender.address = settings, loop, settings.database_url
        run_machine(Sender, settings=budget(examples, steps))


def run_breaker(secret: str, examples: int, steps: int) -> None:
    """Lets a breaker loose on an installation of its own."""
    with TemporaryDirectory(prefix="analytics-chaos-") as folder, asyncio.Runner() as loop:
        server = Server(Path(folder))
        server.start()
        proxy = Proxy(server.socket)
        try:
            loop.run(proxy.__aenter__())
            url = f"postgresql://postgres@127.0.0.1:{proxy.port}{urlsplit(server.url).path}"
            Breaker.settings = Settings(database_url=url, secret_key=secret, jobs=False)
            Breaker.loop, Breaker.address = loop, server.url
            Breaker.proxy, Breaker.server = proxy, server
            loop.run(furnished(Breaker.settings))
            run_machine(Breaker, settings=budget(examples, steps))
        finally:
            loop.run(proxy.__aexit__())
            server.stop()


async def furnished(settings: Settings) -> None:
    """Makes an installation."""
    async with migrated_database(settings) as database:
        await create_defaults(database, settings)


def budget(examples: int, steps: int) -> hypothesis_settings:
    """How long a machine goes on."""
    return hypothesis_settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m chaos.conservation", description=__doc__)
    parser.add_argument("--examples", type=int, default=500)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    run_breaker("f0e1d2c3b4a5968778695a4b3c2d1e0f", options.examples, options.steps)
    print(f"{options.examples} stories of up to {options.steps} steps: the books balance")
