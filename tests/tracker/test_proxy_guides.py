"""Real proxies with the configuration of the guides hand on script, events and address."""

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import httpx
import pytest
from gallery.guide import EXAMPLE, blocks
from gallery.reports import Reports, create_sites
from stage import SCRIPT

from processes import PATIENCE, Service, free_port
from windows import CHROME

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen 127.0.0.1:{port}; {guide} }}
}}
"""

CADDY = """
{{
    admin off
    auto_https off
}}
http://127.0.0.1:{port} {{
{guide}
}}
"""

WORKER = """
import { createServer } from 'node:http';
import worker from './worker.mjs';
// What Cloudflare does around a worker: it makes a Request, and says who asks.
createServer(async (incoming, outgoing) => {
  const parts = [];
  for await (const part of incoming) parts.push(part);
  const { method } = incoming;
  const headers = { 'User-Agent': incoming.headers['user-agent'] };
  if (method === 'POST') headers['Content-Type'] = 'text/plain';
  headers['CF-Connecting-IP'] = incoming.socket.remoteAddress;
  const body = method === 'POST' ? Buffer.concat(parts) : undefined;
  const url = `http://site.example${incoming.url}`;
  const answer = await worker.fetch(new Request(url, { method, headers, body }));
  outgoing.writeHead(answer.status, { 'Content-Type': answer.headers.get('Content-Type') });
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
}).listen(PORT, '127.0.0.1');
"""


def nginx(folder: Path, port: int, guide: str) -> list[str]:
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, guide=guide))
    return ["nginx", "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, guide: str) -> list[str]:
    (folder / "Caddyfile").write_text(CADDY.format(port=port, guide=guide))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def node(folder: Path, port: int, guide: str) -> list[str]:
    (folder / "worker.mjs").write_text(guide)
    (folder / "around.mjs").write_text(WORKER.replace("PORT", str(port)))
    return ["node", str(folder / "around.mjs")]


PROXIES: dict[str, tuple[Callable[[Path, int, str], list[str]], str]] = {
    "nginx": (nginx, "nginx"),
    "caddy": (caddy, "caddy"),
    "node": (node, "js"),
}
"""By the program that is needed: what starts it, and the language of its block in the guide."""


@pytest.fixture(scope="module")
def service(empty_service: Service) -> Service:
    """A service with sites of these names."""
    create_sites(empty_service, PROXIES)
    return empty_service


def send(port: int, site: str, address: str) -> int:
    """Sends a page view from an address of this machine; the status."""
    transport = httpx.HTTPTransport(local_address=address, retries=0)
    headers = {"User-Agent": CHROME, "Content-Type": "text/plain"}
    event = {"site": site, "name": "pageview", "page": "https://site.example/"}
    with httpx.Client(transport=transport, headers=headers, timeout=PATIENCE) as client:
        return client.post(f"http://127.0.0.1:{port}/s/api/events/", json=event).status_code


def listens(port: int) -> bool:
    with httpx.Client(trust_env=False) as client:
        try:
            return client.get(f"http://127.0.0.1:{port}/s/a.js").status_code == 200
        except httpx.TransportError:
            return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("program", PROXIES)
def test_proxy_of_guide_tells_visitors_apart(
    program: str, service: Service, tmp_path: Path
) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    start, language = PROXIES[program]
    port = free_port()
    guide = blocks("first-party", language)[0].replace(EXAMPLE, service.base)
    command = start(tmp_path, port, guide)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as proxy:
        try:
            wait_until(lambda: listens(port) or proxy.poll() is not None)
            assert proxy.poll() is None
            with urlopen(Request(f"http://127.0.0.1:{port}/s/a.js")) as script:
                assert script.read() == SCRIPT.read_bytes()
            sent = [send(port, program, address) for address in ("127.0.0.2", "127.0.0.3")]
            assert sent == [201, 201]
        finally:
            proxy.terminate()
    (row,) = Reports(service.base, program).rows("pages")
    assert (row["page"], row["pageviews"], row["visitors"]) == ("/", 2, 2)
