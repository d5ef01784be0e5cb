"""Where webhooks may be sent, what is sent, and how often."""

import asyncio
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from api.db.database import Database
from api.submitted import webhooks as webhooks_module
from api.submitted.receivers import LOOKUPS, Receivers, is_public, look_up
from api.submitted.routing import receivers_of
from api.submitted.runner import Runner
from api.submitted.webhooks import (
    PAUSES,
    WEBHOOK_LOCK,
    Webhooks,
    call_once,
    secret_of,
    signature,
    webhooks_of,
)
from conftest import TestSite
from receiving import Receiver, is_signed, receiving
from refusals import is_refusal
from settings import Settings
from submitting import Account, answer_jobs, change, hide, set_back

pytestmark = pytest.mark.any_engine

PUBLIC = "93.184.216.34"


class Names:
    """A name server under control: it answers each time with the next addresses."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    async def look_up(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a host."""
        self.asked.append(f"{host}:{port}")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


Allow = Callable[..., Receivers]


@pytest.fixture
def allow(app: FastAPI) -> Iterator[Allow]:
    """Has the application accept webhooks for these hosts, and look names up at this server."""

    def set_receivers(*hosts: str, names: Names | None = None) -> Receivers:
        receivers = Receivers(hosts, names.look_up) if names else Receivers(hosts)
        app.dependency_overrides[receivers_of] = lambda: receivers
        return receivers

    yield set_receivers
    app.dependency_overrides.clear()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that accepts everything."""
    async with receiving() as receiver:
        yield receiver


async def submit(account: Account, site: TestSite, url: str) -> dict[str, Any]:
    """A job with a webhook that was accepted."""
    return await account.submitted(params={"site": site.key}, webhook={"url": url})


async def call(database: Database, settings: Settings, receivers: Receivers, **more: Any) -> None:
    """Calls the webhooks that are due."""
    await call_once(database, Webhooks(settings, receivers, **more))


async def make_due(database: Database, job: str) -> None:
    """Lets the time pass until a webhook is called again."""
    await set_back(database, job, "next_call_at", "7 hours")


class TestReceivers:
    @pytest.mark.parametrize(
        "address",
        [
            *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
            *("100.64.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
            *("255.255.255.255", "192.88.99.1", "203.0.113.5", "::", "::1", "fe80::1", "fc00::1"),
            *("ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "100::1"),
            *("64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "5f00::1"),
            *("fd00:ec2::254", "::127.0.0.1", "fec0::1"),
        ],
    )
    def test_address_that_is_not_of_the_internet_is_not_public(self, address: str) -> None:
        assert not is_public(address)

    @pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "2a00:1450::5"])
    def test_address_of_the_internet_is_public(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize(
        "url",
        [
            *(
                "http://1.1.1.1/",
                "https://a:b@1.1.1.1/",
                "https://a@1.1.1.1/",
                "https://:b@1.1.1.1",
            ),
            *("https://127.0.0.1/", "https://127.1/", "https://0x7f.1/", "https://2130706433/"),
            *("https://localhost/", "https://0/", "https://[::1]/", "https://[::ffff:127.0.0.1]/"),
            *("https://[64:ff9b::7f00:1]/", "https://169.254.169.254/", "https://[fe80::1%25lo]/"),
            *("https://1.1.1.1:22/", "https://1.1.1.1:80/", "https://1.1.1.1:0/"),
            *("https://1.1.1.1:65536/", "https://1.1.1.1:-1/", "https://1.1.1.1@127.0.0.1/"),
            *("ftp://1.1.1.1/", "file:///etc/passwd", "//1.1.1.1/", "https://", "/hook", "x"),
            *("https://a b/", "https://xn--/", "https://[::1", "https://e..example/", "\ud800"),
            *("https://1.1.1.1\\@127.0.0.1/", "https://1.1.1.1/\r\nHost: x", "https://\0/", ""),
            *("https://1.1.1.1/" + "x" * 2000, "gopher://1.1.1.1:70/", "https://nowhere.invalid/"),
        ],
    )
    async def test_webhook_that_may_reach_inside_is_refused(
        self, account: Account, site: TestSite, url: str
    ) -> None:
        answer = await account.submit(params={"site": site.key}, webhook={"url": url})
        assert answer.status_code == 422
        assert is_refusal(answer, "INVALID")
        (problem,) = answer.json()["problems"]
        assert problem["where"] == "webhook.url"
        assert (await account.get()).json() == []

    async def test_messages_do_not_wait_for_name_servers_of_requests(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer, original = threading.Event(), socket.getaddrinfo

        def find(host: str, *more: Any, **named: Any) -> Any:
            if host == "slow.example":
                answer.wait()
            return original("127.0.0.1" if host.endswith(".example") else host, *more, **named)

        monkeypatch.setattr(socket, "getaddrinfo", find)
        waiting = [
            asyncio.create_task(look_up("slow.example", 443))
            for _ in range(int(LOOKUPS.total_tokens))
        ]
        while LOOKUPS.available_tokens:
            await asyncio.sleep(0.01)
        try:
            found = await webhooks_of(Settings()).receivers.look_up("fast.example", 443)
        finally:
            answer.set()
        assert list(found) == ["127.0.0.1"]
        await asyncio.gather(*waiting)

    @pytest.mark.parametrize("port", ["", ":443", ":1024", ":8443", ":65535"])
    async def test_public_https_address_is_accepted(
        self, account: Account, site: TestSite, allow: Allow, port: str
    ) -> None:
        names = Names([PUBLIC, "2606:4700::1111"])
        allow(names=names)
        job = await submit(account, site, f"https://hooks.example{port}/in?a=1")
        assert job["webhook"]["url"] == f"https://hooks.example{port}/in?a=1"
        assert names.asked == [f"hooks.example:{port[1:] or 443}"]

    @pytest.mark.parametrize("found", [[], ["10.0.0.1"], [PUBLIC, "127.0.0.1"]])
    async def test_refusal_does_not_tell_which_names_there_are(
        self, account: Account, site: TestSite, allow: Allow, found: list[str]
    ) -> None:
        texts: set[str] = set()
        for addresses in (found, ["::1"]):
            allow(names=Names(addresses))
            hook = {"url": "https://intranet.example/"}
            answer = await account.submit(params={"site": site.key}, webhook=hook)
            assert answer.status_code == 422
            texts.add(answer.text)
        assert len(texts) == 1

    async def test_submission_is_refused_with_503_while_names_cannot_be_looked_up(
        self, account: Account, site: TestSite, app: FastAPI
    ) -> None:
        async def too_slow(host: str, port: int) -> Sequence[str]:
            raise TimeoutError

        app.dependency_overrides[receivers_of] = lambda: Receivers((), too_slow)
        hook = {"url": "https://hooks.example/"}
        answer = await account.submit(params={"site": site.key}, webhook=hook)
        app.dependency_overrides.clear()
        assert answer.status_code == 503
        assert is_refusal(answer, "UNAVAILABLE")

    @pytest.mark.parametrize(
        ("hosts", "url", "is_allowed"),
        [
            (["127.0.0.1:8000"], "http://127.0.0.1:8000/", True),
            (["127.0.0.1:8000"], "http://127.0.0.1:8001/", False),
            (["127.0.0.1:8000"], "http://127.0.0.1/", False),
            (["127.0.0.1:8000"], "http://a@127.0.0.1:8000/", False),
            (["127.0.0.1:8000"], "http://127.1:8000/", False),
            (["127.0.0.1"], "http://127.0.0.1/", True),
            (["127.0.0.1"], "https://127.0.0.1/", True),
            (["127.0.0.1"], "http://127.0.0.1:8000/", False),
            (["[::1]:99"], "http://[::1]:99/", True),
            (["localhost"], "http://LOCALHOST/", True),
            (["localhost"], "http://localhost.example/", False),
        ],
    )
    async def test_setting_allows_host_and_port_and_nothing_else(
        self,
        account: Account,
        site: TestSite,
        allow: Allow,
        hosts: list[str],
        url: str,
        is_allowed: bool,
    ) -> None:
        allow(*hosts)
        answer = await account.submit(params={"site": site.key}, webhook={"url": url})
        assert answer.status_code == (202 if is_allowed else 422)

    def test_setting_lists_hosts(self) -> None:
        hosts = Settings(
            webhook_hosts=" a.example, B.example:80,,", secret_key=""
        ).webhook_receivers
        assert hosts == {"a.example", "b.example:80"}


class TestDelivery:
    async def test_name_that_is_rebound_to_loopback_is_not_called(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        names = Names([PUBLIC], ["127.0.0.1"])
        receivers = allow(names=names)
        job = await submit(account, site, f"https://rebound.example:{receiver.port}/")
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        assert len(names.asked) == 2
        assert receiver.connections == 0
        found = (await account.job(job["id"]))["webhook"]
        assert (found["calls"], found["delivered_at"]) == (1, None)

    async def test_connection_goes_to_the_address_that_was_looked_up(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        host = f"hooks.invalid:{receiver.port}"
        names = Names(["127.0.0.1"])
        receivers = allow(host, names=names)
        await submit(account, site, f"http://{host}/in?a=1")
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        assert names.asked == [host] * 2
        (received,) = receiver.received
        assert received.line == "POST /in?a=1 HTTP/1.1"
        assert received.headers["host"] == host

    async def test_next_address_is_tried_when_one_takes_no_connection(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        host = f"hooks.invalid:{receiver.port}"
        receivers = allow(host, names=Names(["127.0.0.2", "127.0.0.1"]))
        await submit(account, site, f"http://{host}/")
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        assert len(receiver.received) == 1

    async def test_redirect_is_not_followed(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        async with receiving(f"307 Go\r\nLocation: {receiver.url}") as first:
            receivers = allow(first.host, receiver.host)
            job = await submit(account, site, first.url)
            await answer_jobs(Runner(database))
            await call(database, settings, receivers)
            assert (len(first.received), receiver.received) == (1, [])
        found = (await account.job(job["id"]))["webhook"]
        assert found["delivered_at"] is None
        assert found["next_call_at"]

    async def test_message_is_sent_again_until_it_is_accepted(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        async with receiving("500 Oops", "503 Later", "204 Fine") as receiver:
            receivers = allow(receiver.host)
            job = await submit(account, site, receiver.url)
            await call(database, settings, receivers)
            assert receiver.received == []
            await answer_jobs(Runner(database))
            for calls in (1, 2, 3):
                for _ in range(2):  # the second time it is not due
                    await call(database, settings, receivers)
                assert (await account.job(job["id"]))["webhook"]["calls"] == calls
                await make_due(database, job["id"])
            await call(database, settings, receivers)
        assert len(receiver.received) == 3
        assert all(is_signed(job["webhook_secret"], received) for received in receiver.received)
        assert not is_signed("whsec_" + "A" * 44, receiver.received[0])
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
        found = await account.job(job["id"])
        assert receiver.received[0].message == {
            "type": "job.done",
            "timestamp": found["finished_at"],
            "data": {
                "id": job["id"],
                "status": "done",
                "result": f"{settings.address}/api/jobs/{job['id']}/result",
            },
        }
        assert found["webhook"]["delivered_at"]
        assert found["webhook"]["next_call_at"] is None
        assert "/hook" not in caplog.text

    async def test_failed_job_is_told_of_without_result(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        receivers = allow(receiver.host)
        job = await submit(account, site, receiver.url)
        await hide(database, site.key)
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        (received,) = receiver.received
        assert is_signed(job["webhook_secret"], received)
        assert received.message["type"] == "job.failed"
        assert received.message["data"] == {"id": job["id"], "status": "failed", "result": None}

    async def test_receiver_that_is_gone_is_not_called_again(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
    ) -> None:
        async with receiving("410 Gone") as receiver:
            receivers = allow(receiver.host)
            job = await submit(account, site, receiver.url)
            await answer_jobs(Runner(database))
            await call(database, settings, receivers)
        found = (await account.job(job["id"]))["webhook"]
        assert (found["calls"], found["next_call_at"], found["delivered_at"]) == (1, None, None)

    async def test_message_is_sent_eight_times_with_growing_pauses(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
    ) -> None:
        waits: list[float] = []
        wait = "select extract(epoch from next_call_at - now())::float8 from submitted_job"
        async with receiving("500 Oops") as receiver:
            receivers = allow(receiver.host)
            job = await submit(account, site, receiver.url)
            await answer_jobs(Runner(database))
            for _ in range(10):
                await call(database, settings, receivers)
                waits += [seconds for (seconds,) in await change(database, wait) if seconds]
                await make_due(database, job["id"])
        assert len(receiver.received) == 8
        assert [round(seconds) for seconds in waits] == sorted(round(s) for s in waits)
        for seconds, pause in zip(waits, PAUSES, strict=True):
            assert 0.9 < seconds / pause.total_seconds() < 1.21
        assert (await account.job(job["id"]))["webhook"]["next_call_at"] is None

    @pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nslow: "])
    async def test_receiver_that_does_not_answer_is_left_after_a_while(
        self,
        beginning: bytes,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(webhooks_module, "CALL_SECONDS", 0.5)

        async def dawdle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for byte in beginning + b"." * 100:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.1)
            writer.close()

        server = await asyncio.start_server(dawdle, "127.0.0.1", 0)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        receivers = allow(host, receiver.host)
        job = await submit(account, site, f"http://{host}/")
        await submit(account, site, receiver.url)
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        server.close()
        assert (await account.job(job["id"]))["webhook"]["delivered_at"] is None
        assert len(receiver.received) == 1

    async def test_endless_answer_is_not_read(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
    ) -> None:
        written: list[int] = []

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while len(written) < 1000:
                    writer.write(b"x" * 100_000)
                    await writer.drain()
                    written.append(1)
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        receivers = allow(host)
        job = await submit(account, site, f"http://{host}/")
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        server.close()
        assert (await account.job(job["id"]))["webhook"]["delivered_at"]
        assert len(written) < 1000

    async def test_interim_answers_without_number_are_not_read(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
    ) -> None:
        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"}}")
            try:
                writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 5000)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
            except OSError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        receivers = allow(host)
        job = await submit(account, site, f"http://{host}/")
        await answer_jobs(Runner(database))
        await call(database, settings, receivers)
        server.close()
        hook = (await account.job(job["id"]))["webhook"]
        assert (hook["calls"], hook["delivered_at"]) == (1, None)

    async def test_receivers_of_one_account_do_not_keep_those_of_another_waiting(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(webhooks_module, "MOST_AT_ONCE", 2)
        receivers = allow(receiver.host)
        other = await Account(site.client).register()
        await other.join(database, site.key)
        first = [(await submit(account, site, receiver.url))["id"] for _ in range(3)]
        last = (await submit(other, site, receiver.url))["id"]
        await answer_jobs(Runner(database))
        for ago, job in zip((4, 3, 2, 1), (*first, last), strict=True):
            await set_back(database, job, "next_call_at", f"{ago} hours")
        async with await database.connect() as connection:
            assert await Webhooks(settings, receivers).call_due(connection) == 2
        called = {received.message["data"]["id"] for received in receiver.received}
        assert called == {first[0], last}

    async def test_second_process_does_not_call_meanwhile(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        receiver: Receiver,
    ) -> None:
        receivers = allow(receiver.host)
        await submit(account, site, receiver.url)
        await answer_jobs(Runner(database))
        async with await database.connect() as connection:
            await connection.execute("select pg_advisory_lock(%s)", [WEBHOOK_LOCK])
            await call(database, settings, receivers)
            assert receiver.received == []
        await call(database, settings, receivers)
        assert len(receiver.received) == 1


class TestSecret:
    async def test_secret_is_told_once_and_not_stored(
        self, account: Account, site: TestSite, database: Database, allow: Allow
    ) -> None:
        allow("127.0.0.1:9")
        job = await submit(account, site, "http://127.0.0.1:9/")
        secret = job["webhook_secret"]
        assert secret.startswith("whsec_")
        assert secret not in (await account.get(f"/{job['id']}")).text
        rows = await change(database, "select * from submitted_job")
        assert secret.removeprefix("whsec_") not in str(rows)

    def test_secrets_differ_by_installation_account_and_job(self) -> None:
        one, two = UUID(int=1), UUID(int=2)
        secrets = {secret_of(s, u, j) for s in ("s", "t") for u in (1, 2) for j in (one, two)}
        assert len(secrets) == 8
        assert all(len(secret) == len("whsec_") + 44 for secret in secrets)

    def test_signature_is_that_of_the_reference_library(self) -> None:
        """Computed with the package standardwebhooks 1.1.0."""
        secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
        signed = signature(secret, message, 1614265330, b'{"test": 2432232314}')
        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for hooks.invalid, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=hooks.invalid", "-addext", "subjectAltName=DNS:hooks.invalid"]
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run(
        [*made, "-keyout", str(file), "-out", f"{file}.crt"], check=True, capture_output=True
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


class TestTls:
    @pytest.mark.parametrize(
        ("name", "is_trusted", "arrives"),
        [
            ("hooks.invalid", True, True),
            ("other.invalid", True, False),
            ("hooks.invalid", False, False),
        ],
    )
    async def test_certificate_is_checked_for_the_name_of_the_host(
        self,
        account: Account,
        site: TestSite,
        database: Database,
        settings: Settings,
        allow: Allow,
        certificate: Path,
        name: str,
        is_trusted: bool,
        arrives: bool,
    ) -> None:
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(certificate)
        trust = httpx.create_ssl_context()
        if is_trusted:
            trust.load_verify_locations(certificate)
        async with receiving(context=own) as receiver:
            host = f"{name}:{receiver.port}"
            receivers = allow(host, names=Names(["127.0.0.1"]))
            job = await submit(account, site, f"https://{host}/")
            await answer_jobs(Runner(database))
            await call(database, settings, receivers, context=trust)
            assert receiver.names == [name]
            assert len(receiver.received) == arrives
        delivered = (await account.job(job["id"]))["webhook"]["delivered_at"]
        assert (delivered is not None) == arrives
