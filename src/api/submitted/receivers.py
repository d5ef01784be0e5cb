"""Which addresses a webhook may be sent to: whoever submits a job makes this service send requests
(server-side request forgery), and it may be able to reach what the caller cannot.

A host is looked up once, all of its addresses have to be public, and the connection goes to one of
these addresses. To look it up again for the connection would let a name server answer otherwise
then (DNS rebinding).
"""

import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import httpx
from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync

from api.errors import Invalid, Unavailable, invalid

WHERE = "webhook.url"

LOOKUP_SECONDS = 5.0

LOOKUPS = CapacityLimiter(16)
"""How many hosts are looked up at a time for requests: a name server may keep a thread busy for
half a minute, and the request for LOOKUP_SECONDS."""

MOST_ADDRESSES = 4
"""How many addresses of a host are tried."""

LEAST_PORT = 1024
"""Of the ports below only that of https is allowed: the others belong to other protocols."""

PUBLIC_IPV6 = IPv6Network("2000::/3")
"""All that is assigned to be global. Outside are, with others, IPv4 addresses in IPv6 (mapped ones
and NAT64), local and multicast addresses."""

NOT_PUBLIC: Sequence[IPv4Network | IPv6Network] = [
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # protocol assignments, such as tunnels with an IPv4 address in them (Teredo)
        "2002::/16",  # IPv4 addresses in IPv6 (6to4)
        "3fff::/20",  # documentation
    )
]
"""Networks that Python calls global, in this or an older version, and that are not reached as
such."""

NOT_ALLOWED = (
    "must be https, without a user, at port 443 or above 1023, and its host must have public"
    " addresses only; WEBHOOK_HOSTS allows others"
)
"""One text for all reasons, so that nobody finds out which names this network knows."""

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


def own_lookups(limiter: CapacityLimiter) -> Lookup:
    """Looks hosts up with this limiter: the IP addresses of one, none if it has none. Raises
    TimeoutError. Whoever has a limiter of its own does not wait for the name servers of others."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        with fail_after(LOOKUP_SECONDS):
            try:
                found = await run_sync(
                    lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
                    limiter=limiter,
                    abandon_on_cancel=True,
                )
            except (OSError, UnicodeError):
                return ()
        return list(dict.fromkeys(str(address[0]) for *_, address in found))

    return look_up


look_up = own_lookups(LOOKUPS)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    found = ip_address(address)
    if found.version == 6 and found not in PUBLIC_IPV6:
        return False
    reserved = any(found in network for network in NOT_PUBLIC)
    return found.is_global and not found.is_multicast and not reserved


@dataclass(frozen=True, slots=True)
class Receivers:
    """The addresses that webhooks may be sent to."""

    allowed: Collection[str] = ()
    """Hosts, with a port where it is not the usual one, that may have any IP address, and may be
    called without encryption."""
    look_up: Lookup = look_up

    async def check(self, text: str) -> None:
        """Raises Invalid for an address that a webhook must not be sent to, and Unavailable."""
        await self.addresses(parse_url(text))

    async def addresses(self, url: httpx.URL) -> Sequence[str]:
        """The IP addresses at which this is reached. Raises Invalid unless all are allowed, and
        Unavailable when they cannot be found out in time."""
        is_allowed = url.netloc.decode() in self.allowed and not url.userinfo
        if not is_allowed and not is_proper(url):
            raise invalid(WHERE, NOT_ALLOWED)
        try:
            found = await self.look_up(url.raw_host.decode(), port_of(url))
        except TimeoutError:
            raise Unavailable("The host of the webhook cannot be looked up at present.") from None
        if not found or not (is_allowed or all(map(is_public, found))):
            raise invalid(WHERE, NOT_ALLOWED)
        return found[:MOST_ADDRESSES]


def parse_url(text: str) -> httpx.URL:
    """The address, read as it is when it is called. Raises Invalid."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        raise malformed() from None
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise malformed()
    return url


def malformed() -> Invalid:
    return invalid(WHERE, "is not an address like https://example.com/hook")


def is_proper(url: httpx.URL) -> bool:
    """Whether this may be called if the IP addresses of its host are public."""
    port = port_of(url)
    return (
        url.scheme == "https" and not url.userinfo and (port == 443 or LEAST_PORT <= port < 65536)
    )


def port_of(url: httpx.URL) -> int:
    return url.port if url.port is not None else {"http": 80, "https": 443}[url.scheme]
