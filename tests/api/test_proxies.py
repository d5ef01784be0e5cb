"""Whose request it is, behind proxies: the address, and whether it came by https."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from api.proxies import MOST_HOPS, TrustedProxies
from conftest import TestSite
from settings import networks_in

pytestmark = pytest.mark.any_engine

CLIENT = "203.0.113.7"
PROXY = "127.0.0.1"

FORWARDED_FOR = [
    ("203.0.113.7", CLIENT),
    ("203.0.113.7:4711", CLIENT),
    (" 203.0.113.7 ", CLIENT),
    ("9.9.9.9, 203.0.113.7", CLIENT),
    ("9.9.9.9, 203.0.113.7, 10.0.0.1,127.0.0.1", CLIENT),
    ("10.0.0.2, 10.0.0.1", "10.0.0.2"),
    ("2001:DB8:0::7", "2001:db8::7"),
    ("[2001:db8::7]", "2001:db8::7"),
    ("[2001:db8::7]:4711", "2001:db8::7"),
    ("::ffff:203.0.113.7", CLIENT),
    ("9.9.9.9, ::ffff:10.0.0.1", "9.9.9.9"),
    ("", PROXY),
    ("hello", PROXY),
    ("unknown", PROXY),
    ("999.1.1.1", PROXY),
    ("203.0.113.7:port", PROXY),
    ("203.0.113.7:1234567", PROXY),
    ("[2001:db8::7", PROXY),
    ("[2001:db8::7]4711", PROXY),
    ("203.0.113.7, hello", PROXY),
    ("203.0.113.7, hello, 10.0.0.1", "10.0.0.1"),
    ("9" * 10_000, PROXY),
    ("203.0.113.7" + ", 127.0.0.1" * MOST_HOPS, PROXY),
]

FORWARDED = [
    ("for=203.0.113.7", CLIENT),
    ("for=203.0.113.7;proto=https;by=10.0.0.1", CLIENT),
    ("proto=https; FOR=203.0.113.7", CLIENT),
    ('For="[2001:db8::7]:4711"', "2001:db8::7"),
    ('for="203.0.113.7:4711"', CLIENT),
    ("for=9.9.9.9, for=203.0.113.7, for=10.0.0.1", CLIENT),
    ('for="9.9.9.9, for=203.0.113.7', CLIENT),  # a quote that a client left open
    ("for=unknown", PROXY),
    ("for=_hidden, for=10.0.0.1", "10.0.0.1"),
    ("for=203.0.113.7, proto=https", PROXY),
    ("203.0.113.7", PROXY),
    (";;;=,=", PROXY),
]


async def seen(
    *headers: tuple[str, str],
    peer: str | None = PROXY,
    trusted: str = "127.0.0.1, 10.0.0.0/8",
    kind: str = "http",
) -> tuple[str | None, str]:
    """The address and the scheme that the application sees."""
    found: dict[str, Any] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope)

    lines = [(name.lower().encode(), value.encode()) for name, value in headers]
    scheme = "http" if kind == "http" else "ws"
    scope = {"type": kind, "client": peer and (peer, 1), "scheme": scheme, "headers": lines}
    await TrustedProxies(app, networks_in(trusted))(scope, None, None)  # type: ignore[arg-type]
    return found["client"] and found["client"][0], found["scheme"]


async def test_client_is_last_address_that_is_no_trusted_proxy() -> None:
    for name, cases in (("X-Forwarded-For", FORWARDED_FOR), ("Forwarded", FORWARDED)):
        for value, expected in cases:
            assert (await seen((name, value)))[0] == expected, (name, value[:80])
    for value, expected in (("203.0.113.7", CLIENT), ("[::1]:80", "::1"), ("hello", PROXY)):
        assert (await seen(("X-Real-IP", value)))[0] == expected


async def test_lines_of_a_header_are_one_list() -> None:
    lines = [("X-Forwarded-For", value) for value in ("9.9.9.9", "203.0.113.7", "10.0.0.1")]
    assert (await seen(*lines))[0] == CLIENT


async def test_x_forwarded_for_counts_before_others_even_if_invalid() -> None:
    """Others may be a client's own, which a proxy that does not know them passes on."""
    others = [("X-Real-IP", "9.9.9.9"), ("Forwarded", "for=8.8.8.8")]
    assert (await seen(*others, ("X-Forwarded-For", CLIENT)))[0] == CLIENT
    assert (await seen(*others, ("X-Forwarded-For", "hello")))[0] == PROXY
    assert (await seen(*others))[0] == "8.8.8.8"


@pytest.mark.parametrize("peer", ["9.9.9.9", "::1", "hello", None])
async def test_headers_of_others_than_trusted_proxies_are_ignored(peer: str | None) -> None:
    headers = [("X-Forwarded-For", CLIENT), ("X-Forwarded-Proto", "https"), ("X-Real-IP", CLIENT)]
    assert await seen(*headers, peer=peer) == (peer, "http")


@pytest.mark.parametrize("peer", ["::ffff:127.0.0.1", "::ffff:10.2.3.4"])
async def test_ipv4_proxy_seen_on_ipv6_socket_is_trusted(peer: str) -> None:
    assert (await seen(("X-Forwarded-For", CLIENT), peer=peer))[0] == CLIENT


async def test_every_proxy_is_trusted_by_a_star() -> None:
    for peer in ("9.9.9.9", "2001:db8::9"):
        forwarded = ("X-Forwarded-For", "203.0.113.7, 8.8.8.8, 2001:db8::8, 9.9.9.9")
        assert (await seen(forwarded, peer=peer, trusted="*"))[0] == CLIENT


async def test_scheme_is_that_of_the_proxy() -> None:
    proto = "X-Forwarded-Proto"
    assert (await seen((proto, "https")))[1] == "https"
    assert (await seen((proto, "https"), kind="websocket"))[1] == "wss"
    assert (await seen((proto, "gopher")))[1] == "http"
    assert (await seen(("Forwarded", f'for={CLIENT};proto="https"')))[1] == "https"
    assert (await seen(("Forwarded", "for=1.1.1.1;proto=https, for=hello;proto=http")))[1] == "http"


async def test_port_in_forwarded_address_makes_no_other_visitor(site: TestSite) -> None:
    for address in ("203.0.113.7", "203.0.113.7:1", "::ffff:203.0.113.7"):
        answer = await site.client.post(
            "/api/events/",
            json={"site": site.key, "page": "/"},
            headers={"X-Forwarded-For": address},
        )
        assert answer.status_code == 201
    assert (await site.ask("timeseries"))["totals"]["visitors"] == 1
