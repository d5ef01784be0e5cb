"""Nobody sends, or guesses passwords, as fast as they like; and nobody else pays for it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.auth import passwords
from api.errors import TooManyRequests, Unauthenticated
from api.limits import MOST_KEYS, TokenBuckets, neighbourhood, share
from conftest import ADMIN, TestSite, make_site
from main import build_app
from settings import Settings

pytestmark = pytest.mark.any_engine

STRANGER = ("203.0.113.7", 4711)


@asynccontextmanager
async def limited(
    settings: Settings, address: tuple[str, int] = STRANGER, **limits: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with these limits."""
    app = build_app(settings.model_copy(update=limits))
    transport = httpx.ASGITransport(app, client=address)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield client


@asynccontextmanager
async def another(client: httpx.AsyncClient, address: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the same application at another address."""
    transport: Any = client._transport
    own = httpx.ASGITransport(transport.app, client=(address, 4711))
    async with httpx.AsyncClient(transport=own, base_url="http://test") as other:
        yield other


async def send(
    client: httpx.AsyncClient, site: TestSite, number: int, **headers: str
) -> httpx.Response:
    """Sends so many events in one request."""
    body = [{"site": site.key, "page": "/"}] * number
    return await client.post("/api/events/", json=body, headers=headers)


class TestTokenBuckets:
    def test_empty_bucket_refuses_until_refilled(self) -> None:
        buckets = TokenBuckets("test", 2, 0.2)
        for _ in range(2):
            buckets.take("a", 1)
        with pytest.raises(TooManyRequests) as refusal:
            buckets.take("a", 1)
        assert refusal.value.retry_after > 0
        buckets.take("b", 1)
        time.sleep(0.21)
        buckets.take("a", 1)

    def test_batch_larger_than_bucket_passes_once_and_is_paid_off(self) -> None:
        buckets = TokenBuckets("test", 10, 1)
        buckets.take("a", 1000)
        with pytest.raises(TooManyRequests) as refusal:
            buckets.take("a", 1)
        assert refusal.value.retry_after > 90

    def test_number_of_buckets_is_bounded(self) -> None:
        buckets = TokenBuckets("test", 10, 1000)
        for n in range(MOST_KEYS + 10):
            buckets.take(str(n), 1)
        assert len(buckets.levels) <= MOST_KEYS

    @pytest.mark.parametrize(("limit", "own"), [(0, 0), (100, 25), (3, 1)])
    def test_share_of_limit_is_at_least_one(self, limit: float, own: float) -> None:
        assert share(limit, workers=4) == own

    def test_successful_tries_do_not_count(self) -> None:
        buckets = TokenBuckets("test", 1, 1000)
        for _ in range(3):
            with buckets.trying("a", Unauthenticated, ""):
                pass
        wrong = Unauthenticated("wrong")
        with pytest.raises(Unauthenticated), buckets.trying("a", Unauthenticated, ""):
            raise wrong
        assert wrong.headers["RateLimit"].startswith('"test";r=0;t=')
        with pytest.raises(TooManyRequests), buckets.trying("a", Unauthenticated, ""):
            pass

    def test_ipv6_network_has_one_bucket(self) -> None:
        assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1")
        assert neighbourhood("2001:db8:0:1::1") != neighbourhood("2001:db8::1")
        assert neighbourhood("127.0.0.1") == neighbourhood("::1") == ""
        assert neighbourhood("203.0.113.7") == "203.0.113.7"


class TestEvents:
    async def test_events_from_one_address_are_limited(
        self, site: TestSite, settings: Settings
    ) -> None:
        async with limited(settings, rate_per_ip=1) as client:
            assert (await send(client, site, 100)).status_code == 201
            refused = await send(client, site, 1)
            assert (refused.status_code, refused.json()["error"]) == (429, "TOO_MANY_REQUESTS")
            assert int(refused.headers["retry-after"]) >= 40
            assert refused.headers["ratelimit-policy"] == '"address";q=60;w=60'
            waiting = refused.headers["retry-after"]
            assert refused.headers["ratelimit"] == f'"address";r=0;t={waiting}'
            assert refused.headers["access-control-allow-origin"] == "*"
            assert (await client.get(f"/pixel.gif?site={site.key}&page=/")).status_code == 429
            assert (await send(client, site, 1, **site.admin)).status_code == 201

    async def test_each_worker_allows_its_share_of_limit(
        self, site: TestSite, settings: Settings
    ) -> None:
        async with limited(settings, rate_per_ip=1, workers=4) as client:
            assert (await send(client, site, 15)).status_code == 201
            assert (await send(client, site, 1)).status_code == 429

    async def test_account_without_rights_does_not_lift_limit(
        self, site: TestSite, settings: Settings
    ) -> None:
        async with limited(settings, rate_per_ip=1) as client:
            body = {"email": f"{uuid4()}@test.example", "password": "a long enough password"}
            await client.post("/api/auth/register", json=body)
            login = (await client.post("/api/auth/login", json=body)).json()
            bearer = {"Authorization": f"Bearer {login['access_token']}"}
            await send(client, site, 100, **bearer)
            assert (await send(client, site, 1, **bearer)).status_code == 429

    async def test_unknown_address_behind_proxy_is_not_limited(
        self, site: TestSite, settings: Settings
    ) -> None:
        async with limited(settings, ("127.0.0.1", 1), rate_per_ip=1) as client:
            for _ in range(3):
                assert (await send(client, site, 100)).status_code == 201

    @pytest.mark.parametrize("limit", [{"rate_per_site": 1}, {"quota_per_site": 60}])
    async def test_events_to_one_site_are_limited(
        self, site: TestSite, settings: Settings, limit: dict[str, int]
    ) -> None:
        other = await make_site(f"{site.key}-b", site.client, site.admin, site.database)
        async with limited(settings, **limit) as client:
            assert (await send(client, site, 100)).status_code == 201
            assert (await send(client, site, 1)).status_code == 429
            assert (await send(client, other, 1)).status_code == 201
            assert (await send(client, site, 1, **site.admin)).status_code == 201
        assert (await site.ask("pages"))["rows"][0]["pageviews"] == 101

    @pytest.mark.slow
    async def test_flood_on_one_site_does_not_fill_queue_of_another(
        self, site: TestSite, settings: Settings
    ) -> None:
        other = await make_site(f"{site.key}-b", site.client, site.admin, site.database)
        async with limited(settings, rate_per_ip=0) as client:
            flood = [asyncio.create_task(send(client, site, 1000)) for _ in range(40)]
            answers = [await send(client, other, 1) for _ in range(10)]
            assert {answer.status_code for answer in answers} == {201}
            flooded = {answer.status_code for answer in await asyncio.gather(*flood)}
            assert flooded <= {201, 503}


class TestLogins:
    async def log_in(self, client: httpx.AsyncClient, email: str, password: str) -> Any:
        """Tries to log in; the answer."""
        body = {"email": email, "password": password}
        return await client.post("/api/auth/login", json=body)

    async def test_failed_logins_for_one_account_are_limited(
        self, settings: Settings, site: TestSite
    ) -> None:
        async with limited(settings, login_tries=2) as client:
            for _ in range(3):
                right = await self.log_in(client, ADMIN.email, ADMIN.password)
                assert right.status_code == 200
                assert right.headers["ratelimit"] == '"login";r=2;t=0'
            for _ in range(2):
                wrong = await self.log_in(client, ADMIN.email, "wrong")
                assert wrong.status_code == 401
            assert wrong.headers["ratelimit-policy"] == '"login";q=2;w=900'
            assert wrong.headers["ratelimit"].startswith('"login";r=0;t=')
            for password in ("wrong", ADMIN.password):
                refused = await self.log_in(client, ADMIN.email.upper(), password)
                assert refused.status_code == 429
            assert (await self.log_in(client, "else@test.example", "wrong")).status_code == 401

    async def test_stranger_does_not_lock_owner_out(
        self, settings: Settings, site: TestSite
    ) -> None:
        async with (
            limited(settings, login_tries=2) as stranger,
            another(stranger, "198.51.100.9") as owner,
        ):
            for _ in range(3):
                last = await self.log_in(stranger, ADMIN.email, "wrong")
            assert last.status_code == 429
            right = await self.log_in(owner, ADMIN.email, ADMIN.password)
            assert right.status_code == 200

    async def test_many_networks_together_are_limited_but_not_those_known_to_account(
        self, settings: Settings, site: TestSite
    ) -> None:
        async with (
            limited(settings, login_tries=1) as first,
            another(first, "198.51.100.9") as owner,
            another(first, "192.0.2.1") as fresh,
        ):
            assert (await self.log_in(owner, ADMIN.email, ADMIN.password)).status_code == 200
            wrong = []
            for number in range(11):
                async with another(first, f"10.0.{number}.1") as stranger:
                    answer = await self.log_in(stranger, ADMIN.email, "wrong")
                    wrong.append(answer.status_code)
            assert wrong == [401] * 10 + [429]
            assert (await self.log_in(fresh, ADMIN.email, ADMIN.password)).status_code == 429
            assert (await self.log_in(owner, ADMIN.email, ADMIN.password)).status_code == 200

    async def test_network_is_limited_over_all_accounts(
        self, settings: Settings, site: TestSite
    ) -> None:
        async with (
            limited(settings, login_tries=1) as stranger,
            another(stranger, "198.51.100.9") as owner,
        ):
            names = [f"{number}@test.example" for number in range(11)]
            said = [(await self.log_in(stranger, name, "wrong")).status_code for name in names]
            assert said == [401] * 10 + [429]
            assert (await self.log_in(owner, ADMIN.email, ADMIN.password)).status_code == 200

    async def test_crowd_of_one_network_leaves_room_for_others(
        self, settings: Settings, site: TestSite
    ) -> None:
        async with (
            limited(settings) as stranger,
            another(stranger, "198.51.100.9") as owner,
        ):
            names = [f"{number}@test.example" for number in range(25)]
            crowd = [asyncio.create_task(self.log_in(stranger, name, "x")) for name in names]
            await asyncio.sleep(0.05)
            assert (await self.log_in(owner, ADMIN.email, ADMIN.password)).status_code == 200
            statuses = Counter([answer.status_code for answer in await asyncio.gather(*crowd)])
        assert statuses[429] >= 15
        assert statuses[401] + statuses[429] == 25

    async def test_crowd_of_logins_is_refused_and_events_are_accepted(
        self, settings: Settings, site: TestSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(passwords, "MOST_WAITING", 4)
        async with limited(settings) as client:
            names = [f"{n}@test.example" for n in range(20)]
            crowd = [asyncio.create_task(self.log_in(client, name, "wrong")) for name in names]
            await asyncio.sleep(0.05)
            assert (await send(client, site, 1)).status_code == 201
            statuses = [answer.status_code for answer in await asyncio.gather(*crowd)]
        assert set(statuses) == {401, 429}
