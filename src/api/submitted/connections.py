"""Connections to receivers of webhooks, on which little is read: whoever answers may do so without
end. A response may have any number of interim ones (1xx) before it, each of which is parsed; ten
receivers that send nothing else took the processor from all other requests of their process."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpx
from httpcore import AnyIOBackend, AsyncConnectionPool, AsyncNetworkBackend, AsyncNetworkStream
from httpcore import ReadError as TooMuchRead

MOST_READ = 32 * 1024
"""How many bytes are read until the status is known: more than servers send as headers."""


class BoundedStream(AsyncNetworkStream):
    """A connection from which at most MOST_READ bytes are read."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self.stream = stream
        self.left = MOST_READ

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore declares it)
    ) -> bytes:
        """What has come. Raises ReadError when there is more than that."""
        if not self.left:
            raise TooMuchRead("the answer is too long")
        data = await self.stream.read(min(max_bytes, self.left), timeout)
        self.left -= len(data)
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> None:
        """Sends bytes."""
        await self.stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Closes the connection."""
        await self.stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncNetworkStream:
        """The encrypted connection; what is read of it is counted once it is decrypted."""
        return BoundedStream(await self.stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What else is known of the connection."""
        return self.stream.get_extra_info(info)


class BoundedBackend(AsyncNetworkBackend):
    """Opens connections from which at most MOST_READ bytes are read."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """A connection to an IP address."""
        connect = AnyIOBackend().connect_tcp
        return BoundedStream(await connect(host, port, timeout, local_address, socket_options))


class BoundedTransport(httpx.AsyncHTTPTransport):
    """What clients of receivers send by. Settings of proxies in the environment do not count: they
    would look hosts up again."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx has no parameter for it.
        self._pool = AsyncConnectionPool(ssl_context=context, network_backend=BoundedBackend())
