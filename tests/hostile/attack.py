"""Sends the corpus to a service and does the books: nothing breaks, nothing good is lost.

    PYTHONPATH=src:tests python -m hostile.attack [--seed 1] [--cases 0] [--rounds 1]

What is looked at: every status, every sum, every good event, the process (the same one afterwards,
no larger, nothing in its log), the times that are stored, and what is kept of the rejected events.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import psycopg

from chaos.server import Server
from hostile.corpus import MACHINES, SECRETS, Case, corpus, sites
from processes import Service

CONNECTIONS = 24
ANSWER_SECONDS = 60.0
MOST_GROWTH_MB = 50.0


@dataclass
class Books:
    """What came of an attack."""

    seed: int
    cases: int = 0
    seconds: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    faults: list[str] = field(default_factory=list[str])
    """Answers of the kind 5xx, and no answers where one was owed."""
    wrong_sums: list[str] = field(default_factory=list[str])
    lost: int = 0
    """Events that are good, or were acknowledged, and are not stored, or more than once."""
    restarts: int = 0
    tracebacks: int = 0
    grown_mb: float = 0.0
    """Memory after the attack, less what a first part of it had left behind."""
    impossible_times: int = 0
    surprises: int = 0
    """Events that were rejected for no reason that was foreseen."""
    refused: int = 0
    """Events of known sites that were refused in a batch."""
    rejected: int = 0
    """Rejected events that are kept: all of these, and those that came alone."""
    secrets_kept: int = 0
    """Rejected events that say what they must not, and anything that names a sender's address."""

    @property
    def balanced(self) -> bool:
        """Whether the service stood it."""
        wrong = (
            *(self.faults, self.wrong_sums, self.lost, self.restarts, self.tracebacks),
            *(self.impossible_times, self.surprises, self.secrets_kept),
        )
        is_kept = self.rejected >= self.refused > 0
        return not any(wrong) and is_kept and self.grown_mb < MOST_GROWTH_MB


@dataclass(slots=True)
class Answer:
    """What a service said, if anything."""

    status: int = 0
    body: bytes = b""


class Client:
    """A connection that says whatever it is told, and opens anew when it was hung up on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.writer: asyncio.StreamWriter | None = None

    async def send(self, case: Case) -> Answer:
        """Sends a case; the answer to it."""
        for _ in range(2):  # a connection that was kept may have been closed in the meantime
            fresh = self.writer is None
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                return await asyncio.wait_for(self.exchange(case), ANSWER_SECONDS)
            self.close()
            if fresh:
                break
        return Answer()

    async def exchange(self, case: Case) -> Answer:
        """One request and its answer; or only what can be had of it when the client hangs up."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(case.request)
        if case.hangs_up:
            return await self.last_words()
        answer, goes_on = await self.read_answer()
        if not goes_on:
            self.close()
        return answer

    async def last_words(self) -> Answer:
        """What is said to somebody who has stopped talking, and will not listen for long."""
        assert self.writer
        with suppress(OSError):
            self.writer.write_eof()
        said = b""
        with suppress(OSError, TimeoutError):
            said = await asyncio.wait_for(self.reader.read(100_000), 0.5)
        self.close()
        status = said[9:12]
        return Answer(int(status) if status.isdigit() else 0)

    async def read_answer(self) -> tuple[Answer, bool]:
        """A whole answer, and whether the connection stays open."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        body = await self.reader.readexactly(int(length or 0))
        return Answer(int(head[9:12]), body), b"connection: close" not in head

    def close(self) -> None:
        """Hangs up."""
        if self.writer:
            self.writer.transport.abort()
        self.writer = None


async def send_all(port: int, cases: Sequence[Case]) -> list[tuple[Case, Answer]]:
    """Sends all cases over a few connections at a time; what was said to each."""
    left = iter(cases)
    told: list[tuple[Case, Answer]] = []

    async def work() -> None:
        client = Client(port)
        for case in left:
            told.append((case, await client.send(case)))
        client.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return told


def attack(service: Service, url: str, seed: int, cases: Sequence[Case]) -> Books:
    """Sends the cases and does the books. The first tenth of them warms everything up, and its
    size then is what the service is measured by."""
    make_sites(url)
    assert service.process
    process = psutil.Process(service.process.pid)
    started = time.monotonic()
    told = asyncio.run(send_all(service.port, cases[: len(cases) // 10]))
    before = process.memory_info().rss
    told += asyncio.run(send_all(service.port, cases[len(cases) // 10 :]))
    books = Books(seed, len(cases), round(time.monotonic() - started, 1))
    books.grown_mb = round((process.memory_info().rss - before) / 2**20, 1)
    books.restarts = service.process.poll() is not None or service.process.pid != process.pid
    books.refused = refused(told)
    books.tracebacks = service.output().count("Traceback")
    check_answers(books, told)
    check_database(books, url, [name for case in cases for name in case.good], promised(told))
    return books


def reports(told: Sequence[tuple[Case, Answer]]) -> Iterator[dict[str, Any]]:
    """What the service said in JSON about events."""
    for _, answer in told:
        if answer.status in (200, 201, 422) and answer.body.startswith(b"{"):
            yield json.loads(answer.body)


def promised(told: Sequence[tuple[Case, Answer]]) -> set[str]:
    """The ids of the events that the service said it has."""
    ids = (name for report in reports(told) for name in report.get("ids") or [report.get("id")])
    return {name for name in ids if name}


def refused(told: Sequence[tuple[Case, Answer]]) -> int:
    """How many events the service said it does not take, though it knows the site."""
    refusals = (item for report in reports(told) for item in report.get("rejected", []))
    return sum(item["error"] != "UNKNOWN_SITE" for item in refusals)


def check_answers(books: Books, told: Sequence[tuple[Case, Answer]]) -> None:
    """Every status and every sum."""
    books.statuses = {str(k): n for k, n in Counter(a.status for _, a in told).most_common()}
    for case, answer in told:
        shown = f"{answer.status} for {case.family}: {case.request[:300]!r} … {answer.body[:300]!r}"
        if answer.status >= 500 or (not answer.status and not case.hangs_up):
            books.faults.append(shown)
        elif case.events is not None and not adds_up(case, answer):
            books.wrong_sums.append(shown)


def adds_up(case: Case, answer: Answer) -> bool:
    """Whether an answer accounts for all events, and for the good ones as stored."""
    try:
        report: dict[str, Any] = json.loads(answer.body)
    except ValueError:
        return False
    if "accepted" not in report:  # of one event
        return case.events == 1 and ("id" in report or "error" in report)
    refused = [item["index"] for item in report["rejected"]]
    stored = report["accepted"] + report["duplicate"]
    return (
        stored + len(refused) == len(report["ids"]) == case.events
        and sorted(set(refused)) == [n for n, name in enumerate(report["ids"]) if name is None]
        and set(case.good) <= set(report["ids"])
    )


def check_database(books: Books, url: str, good: Collection[str], told: Collection[str]) -> None:
    """Good events are there, once; impossible times and secrets are not."""
    with psycopg.connect(url) as connection:

        def number(query: str, *values: Any) -> int:
            found = connection.execute(query.encode(), values).fetchone()
            return found[0] if found else 0

        ids = "select id::text from event union all select id::text from bot_event"
        stored = Counter(name for (name,) in connection.execute(ids))
        books.lost = sum(stored[name] != 1 for name in good)
        books.lost += sum(stored[name] < 1 for name in told)
        window = "time not between now() - interval '8 days' and now() + interval '6 minutes'"
        books.impossible_times = number(f"select count(*) from event where {window}")
        books.impossible_times += number(f"select count(*) from bot_event where {window}")
        patience = time.monotonic() + ANSWER_SECONDS  # nobody waited for them to be kept
        while books.rejected < books.refused and time.monotonic() < patience:
            time.sleep(0.1)
            books.rejected = number("select count(*) from rejected_event")
        books.surprises = number("select count(*) from rejected_event where code = 'UNSTORABLE'")
        patterns = [f"%{secret}%" for secret in SECRETS]
        kept = "select count(*) from rejected_event r where r::text ilike any(%s)"
        books.secrets_kept = number(kept, patterns)
        for table in ("event", "bot_event", "visit", "visitor"):
            named = f"select count(*) from {table} t where t::text like any(%s)"
            books.secrets_kept += number(named, [f"%{address}%" for address in MACHINES])


def make_sites(url: str) -> None:
    """The sites of the corpus."""
    with psycopg.connect(url) as connection:
        for key in sites():
            new = "insert into site (key, domain, name) values (%s, %s, '') on conflict do nothing"
            connection.execute(new, [key, f"{key}.example"])


@contextmanager
def target(
    url: str, folder: Path, wrapped: Sequence[str] = (), **environment: str
) -> Iterator[Service]:
    """A service to attack: patient, so that a busy machine is no reason for a 503, and keeping
    every rejected event."""
    settings = {
        "DATABASE_URL": url,
        "SECRET_KEY": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
        "DEMO": "false",
        "JOBS": "false",
        "ANSWER_WITHIN_SECONDS": f"{ANSWER_SECONDS:g}",
        "REJECTED_ROWS": "100000",
    }
    service = Service(folder / "app", wrapped, **settings, **environment)
    service.start()
    try:
        yield service
    finally:
        if service.process and service.process.poll() is None:
            service.stop()


def main() -> int:
    """Attacks a service of its own and prints the books; 0 when it stood it."""
    parser = argparse.ArgumentParser(prog="python -m hostile.attack", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--cases", type=int, default=0, help="how many; all of them by default")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with TemporaryDirectory(prefix="analytics-hostile-") as folder:
        server = Server(Path(folder))
        server.start()
        try:
            with target(server.url, Path(folder)) as service:
                cases = corpus(options.seed)[: options.cases or None]
                books = attack(service, server.url, options.seed, cases)
        finally:
            server.stop()
    print(json.dumps(asdict(books), indent=2, ensure_ascii=False))
    return 0 if books.balanced else 1


if __name__ == "__main__":
    sys.exit(main())
