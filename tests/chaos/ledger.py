"""Kills the service and its database again and again while clients send, and then does the books.

    PYTHONPATH=src:tests python -m chaos.ledger --kills 200 --server-kills 50 --acks 100000

Every client writes down each id before it sends it and each acknowledgement as soon as it hears
it, and has the disk confirm both. In the end: everything acknowledged is there, nothing is there
twice, and every answer added up. A seed makes the same choices again, if not the same moments.
The last line says it all. After half an hour it is over, whatever is left to do.
"""

import argparse
import http.client
import json
import operator
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

from chaos.server import Server
from processes import Service

POISON = [b'{"pgae": 1}', b'{"page": NaN}', b"[[[]]]", b'{"page": "/", "time": "1999-01-01"}']
LARGEST_BATCH = 20
RETRY_SECONDS = 0.05
DELIVERY_SECONDS = 60.0
"""How long a client has for its last batch, once everything is up again."""

AGENT = "Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0"


@dataclass
class Plan:
    """What is to happen."""

    kills: int = 200
    """Of the service."""
    server_kills: int = 50
    acks: int = 0
    """How many events must have been acknowledged at least, however long it takes."""
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(10**9))
    threads: int = 8
    services: int = 2
    workers: int = 1
    longest_pause: float = 2.0
    minutes: float = 30.0
    """After which no more is killed, and whoever is not heard of is counted as lost."""


@dataclass
class Books:
    """What came of it."""

    seed: int
    kills: int = 0
    server_kills: int = 0
    seconds: float = 0.0
    sent: int = 0
    acknowledged: int = 0
    accepted: int = 0
    told_duplicate: int = 0
    rejected: int = 0
    answers: dict[str, int] = field(default_factory=dict[str, int])
    wrong_sums: int = 0
    lost: int = 0
    stored_twice: int = 0
    stored_unasked: int = 0
    torn_visits: int = 0
    slowest_503: float = 0.0

    @property
    def balanced(self) -> bool:
        """Whether everything that was promised was kept."""
        wrong = (self.wrong_sums, self.lost, self.stored_twice, self.stored_unasked)
        return not any((*wrong, self.torn_visits)) and self.acknowledged == self.sent

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.kills} kills of services, {self.server_kills} of PostgreSQL,"
            f" {self.acknowledged:,} of {self.sent:,} events acknowledged in {self.seconds:.0f} s;"
            f" {self.lost} lost, {self.stored_twice} stored twice, {self.stored_unasked} unasked,"
            f" {self.wrong_sums} wrong sums, {self.torn_visits} torn visits:"
            f" {'the books balance' if self.balanced else 'THE BOOKS DO NOT BALANCE'}"
        )


class Client(threading.Thread):
    """Sends batches, each until it is acknowledged, and keeps a ledger on disk."""

    def __init__(self, number: int, plan: Plan, ports: Sequence[int], folder: Path) -> None:
        super().__init__(name=f"client {number}", daemon=True)
        self.random = random.Random(f"{plan.seed} {number}")
        self.ports = ports
        self.ledger = (folder / f"ledger-{number}").open("a")
        self.stopping = threading.Event()
        self.sent: set[str] = set()
        self.acknowledged: list[str] = []
        self.outcomes: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.wrong_sums = 0
        self.slowest_503 = 0.0

    def run(self) -> None:
        """Sends until told to stop, and then what is still on the way."""
        with self.ledger:
            while not self.stopping.is_set():
                self.send_batch()

    def send_batch(self) -> None:
        """Sends new events, and now and then one that was acknowledged long ago."""
        ids = [str(UUID(int=self.random.getrandbits(128), version=4))
               for _ in range(self.random.randint(1, LARGEST_BATCH))]  # fmt: skip
        if self.acknowledged and self.random.random() < 0.2:
            ids.append(self.random.choice(self.acknowledged))
        self.write_down("sent", ids)
        self.sent.update(ids)
        self.deliver(ids)

    def deliver(self, ids: list[str]) -> None:
        """Sends a batch until it is acknowledged, each time in another order, to whom it may."""
        while not self.attempt(ids):
            time.sleep(self.random.uniform(0, RETRY_SECONDS))
            self.random.shuffle(ids)

    def attempt(self, ids: Sequence[str]) -> bool:
        """Sends a batch once; whether it was acknowledged."""
        events = [self.event(name) for name in ids]
        poison = self.random.choices(POISON, k=self.random.choice([0, 0, 1, 2]))
        body = b"[" + b",".join([*events, *poison]) + b"]"
        started = time.monotonic()
        try:
            status, report = self.post(body)
        except (OSError, http.client.HTTPException) as error:
            self.answers[type(error).__name__] += 1
            return False
        self.answers[str(status)] += 1
        if status not in (200, 201):
            self.slowest_503 = max(self.slowest_503, time.monotonic() - started)
            return False
        self.acknowledge(ids, len(poison), report)
        return True

    def event(self, name: str) -> bytes:
        """An event of this id: some late, most of one of some hundred sessions."""
        event: dict[str, Any] = {"id": name, "page": f"/{self.random.randrange(50)}"}
        event["session_id"] = f"{self.name} {self.random.randrange(300)}"
        event["user_agent"] = AGENT
        if self.random.random() < 0.3:
            late = timedelta(seconds=self.random.randrange(6 * 86_400))
            event["time"] = (datetime.now(UTC) - late).isoformat()
        return json.dumps(event).encode()

    def post(self, body: bytes) -> tuple[int, Any]:
        """Sends a body to one of the services."""
        port = self.random.choice(self.ports)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/api/events/", body)
            answer = connection.getresponse()
            return answer.status, json.load(answer)
        finally:
            connection.close()

    def acknowledge(self, ids: Sequence[str], poison: int, report: dict[str, Any]) -> None:
        """Writes down what the service promised, and checks that it adds up."""
        self.write_down("acknowledged", ids)
        self.acknowledged += ids
        self.outcomes["accepted"] += report["accepted"]
        self.outcomes["duplicate"] += report["duplicate"]
        self.outcomes["rejected"] += len(report["rejected"])
        stored = report["accepted"] + report["duplicate"]
        self.wrong_sums += stored != len(ids) or len(report["rejected"]) != poison

    def write_down(self, what: str, ids: Sequence[str]) -> None:
        """One line, on the disk before anything else happens."""
        self.ledger.write(f"{what} {' '.join(ids)}\n")
        self.ledger.flush()
        os.fsync(self.ledger.fileno())


class Killer:
    """Kills services and the server at random moments, and starts them again."""

    def __init__(self, plan: Plan, server: Server, services: Sequence[Service]) -> None:
        self.random = random.Random(f"{plan.seed} killer")
        self.plan = plan
        self.server = server
        self.services = services
        self.down = {service: threading.Thread() for service in services}
        self.kills = self.server_kills = 0

    @property
    def is_done(self) -> bool:
        """Whether everything planned has been killed."""
        return self.kills >= self.plan.kills and self.server_kills >= self.plan.server_kills

    def step(self) -> None:
        """Kills somebody after a while."""
        time.sleep(self.random.uniform(0.05, self.plan.longest_pause))
        left = self.plan.server_kills - self.server_kills
        all_left = left + self.plan.kills - self.kills
        if self.random.random() * all_left < left:
            self.kill_server()
        else:
            self.kill_service()

    def kill_server(self) -> None:
        """The postmaster alone, or all of its processes, and starts it again."""
        self.server.kill(everybody=self.random.random() < 0.5)
        self.server_kills += 1
        time.sleep(self.random.uniform(0, 0.5))
        self.server.start()

    def kill_service(self) -> None:
        """A service that is up, with all of its workers."""
        up = [service for service in self.services if not self.down[service].is_alive()]
        if up:
            service = self.random.choice(up)
            assert service.process
            os.killpg(service.process.pid, signal.SIGKILL)
            service.process.wait()
            self.kills += 1
            self.down[service] = threading.Thread(target=start_again, args=[service], daemon=True)
            self.down[service].start()

    def wait(self) -> None:
        """Waits until everybody is up again."""
        for thread in self.down.values():
            if thread.ident:
                thread.join()


def start_again(service: Service) -> None:
    """Starts a service, however often the database is shot from under it meanwhile."""
    while True:
        try:
            return service.start()
        except AssertionError:
            if service.process and service.process.poll() is None:
                os.killpg(service.process.pid, signal.SIGKILL)


@contextmanager
def battlefield(plan: Plan, folder: Path) -> Iterator[tuple[Server, list[Service]]]:
    """A server with some services on it, stopped at the end."""
    server = Server(folder)
    server.start()
    environment = {
        "DATABASE_URL": server.url,
        "SECRET_KEY": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
        "DEMO": "false",
        "WORKERS": str(plan.workers),
    }
    services = [Service(folder / f"app-{n}", **environment) for n in range(plan.services)]
    with ExitStack() as stack:
        stack.callback(server.stop)
        for service in services:
            stack.callback(kill_for_good, service)
        with ThreadPoolExecutor() as threads:
            list(threads.map(Service.start, services))
        yield server, services


def kill_for_good(service: Service) -> None:
    """Ends a service and its workers."""
    if service.process and service.process.poll() is None:
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()


def run(plan: Plan) -> Books:
    """Carries the plan out and does the books."""
    started = time.monotonic()
    with (
        TemporaryDirectory(prefix="analytics-chaos-") as folder,
        battlefield(plan, Path(folder)) as (server, services),
    ):
        ports = [service.port for service in services]
        clients = [Client(n, plan, ports, Path(folder)) for n in range(plan.threads)]
        killer = Killer(plan, server, services)
        for client in clients:
            client.start()
        ends = started + 60 * plan.minutes
        while not killer.is_done and time.monotonic() < ends:
            killer.step()
        killer.wait()
        while number_acknowledged(clients) < plan.acks and time.monotonic() < ends:
            time.sleep(0.1)
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(max(DELIVERY_SECONDS, ends - time.monotonic()))
        books = balance(plan, clients, server.url)
        books.kills, books.server_kills = killer.kills, killer.server_kills
    books.seconds = round(time.monotonic() - started, 1)
    return books


def number_acknowledged(clients: Sequence[Client]) -> int:
    """How many events the services have acknowledged by now."""
    return sum(len(client.acknowledged) for client in clients)


def balance(plan: Plan, clients: Sequence[Client], url: str) -> Books:
    """Compares what was promised with what is there."""
    sent = set[str]().union(*(client.sent for client in clients))
    acknowledged = set[str]().union(*(client.acknowledged for client in clients))
    stored = Counter(ids_in(url))
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    return Books(
        seed=plan.seed,
        sent=len(sent),
        acknowledged=len(acknowledged),
        accepted=outcomes["accepted"],
        told_duplicate=outcomes["duplicate"],
        rejected=outcomes["rejected"],
        answers=dict(sum((client.answers for client in clients), Counter[str]())),
        wrong_sums=sum(client.wrong_sums for client in clients),
        lost=len(acknowledged - stored.keys()),
        stored_twice=sum(number - 1 for number in stored.values()),
        stored_unasked=len(stored.keys() - sent),
        torn_visits=torn_visits(url),
        slowest_503=round(max(client.slowest_503 for client in clients), 2),
    )


def ids_in(url: str) -> list[str]:
    """The ids of all stored events."""
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("select id::text from event").fetchall()]


def torn_visits(url: str) -> int:
    """Visits that do not say of their events what their events say."""
    query = """
        select count(*) from visit v full join (
            select visit_id, count(*) as events from event group by visit_id
        ) e on e.visit_id = v.id
        where v.events is distinct from e.events
    """
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return row[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the plan from the command line and prints the books; 0 when they balance."""
    parser = argparse.ArgumentParser(prog="python -m chaos.ledger", description=__doc__)
    for name, default in asdict(Plan()).items():
        option = f"--{name.replace('_', '-')}"
        shown = "random" if name == "seed" else default
        parser.add_argument(option, type=type(default), default=default, help=f"default {shown}")
    plan = Plan(**vars(parser.parse_args(arguments)))
    print(f"seed {plan.seed}", flush=True)
    books = run(plan)
    print(json.dumps(asdict(books), indent=2))
    print(books)
    acks = books.accepted + books.told_duplicate
    done = (books.kills, books.server_kills, acks)
    is_done = all(map(operator.ge, done, (plan.kills, plan.server_kills, plan.acks)))
    return 0 if books.balanced and is_done else 1


if __name__ == "__main__":
    sys.exit(main())
