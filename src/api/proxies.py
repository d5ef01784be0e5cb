"""The client of a request that came through proxies: its address, and whether it used https.

A proxy tells the address of its client in X-Forwarded-For, Forwarded (RFC 7239) or X-Real-IP,
behind what that client told. So the list is read from its end, and only as long as those who wrote
it are trusted. What is no address ends it: the proxy that passed it on counts as the client then.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address
from itertools import islice

from starlette.types import ASGIApp, Receive, Scope, Send

from api.addresses import address_in

MOST_HOPS = 20
"""How many addresses of a list are read."""

SECURE = {"http": False, "ws": False, "https": True, "wss": True}
"""The schemes that a proxy may tell, and whether they are encrypted."""

Hop = tuple[str, str]
"""What a proxy told of its client: the address, '' for none, and the scheme, '' if it did not."""


class TrustedProxies:
    """Middleware that puts the client's address and scheme in the place of a trusted proxy's."""

    def __init__(self, app: ASGIApp, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self.app = app
        self.networks = networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = address_in(scope["client"][0]) if scope.get("client") else ""
        if self.trusts(peer):
            self.replace_peer(scope, peer)
        await self.app(scope, receive, send)

    def trusts(self, address: str) -> bool:
        if not address:
            return False
        found = ip_address(address)
        return any(found in network for network in self.networks)

    def replace_peer(self, scope: Scope, peer: str) -> None:
        client, scheme = peer, ""
        for address, told in hops(scope["headers"]):
            client, scheme = address or client, told
            if not self.trusts(address):
                break
        if client != peer:
            scope["client"] = (client, 0)
        _, _, last = values_of(scope["headers"], b"x-forwarded-proto").rpartition(",")
        if (scheme := last.strip() or scheme) in SECURE:
            plain = "ws" if scope["type"] == "websocket" else "http"
            scope["scheme"] = f"{plain}s" if SECURE[scheme] else plain


def hops(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[Hop]:
    """What proxies told, the last one first; by the first of these headers that is there, as the
    others may be the client's own."""
    if addresses := values_of(headers, b"x-forwarded-for"):
        for text in last_parts(addresses):
            yield address_in(text), ""
    elif elements := values_of(headers, b"forwarded"):
        for element in last_parts(elements):
            yield hop_in(element)
    else:
        yield address_in(values_of(headers, b"x-real-ip")), ""


def values_of(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str:
    """The values of all lines of a header as one list; '' without any."""
    return b", ".join(value for name, value in headers if name == wanted).decode("latin-1")


def last_parts(values: str) -> Iterator[str]:
    """The last parts of a list, backwards. An address has no comma in it, so that a quote which a
    client left open hides nothing."""
    return islice(reversed(values.rsplit(",", MOST_HOPS)), MOST_HOPS)


def hop_in(element: str) -> Hop:
    """What an element of Forwarded tells: for=203.0.113.7;proto=https."""
    pairs = [pair.partition("=") for pair in element.split(";")]
    told = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    return address_in(told.get("for", "")), told.get("proto", "").lower()
