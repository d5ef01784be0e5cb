"""Logs that real web servers write, of requests that a real client sends."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from importing.formats.request import Request
from importing.formats.table import format_of
from processes import free_port

PATIENCE = 30
"""Seconds: far more than it takes."""

AGENT = 'Mozilla/5.0 (X11; "quoted" \\ back; rv:145.0) Gecko/20100101 Firefox/145.0'
FROM = "https://search.example/"
PATHS = ("/", "/caf%C3%A9?utm_source=letter", "//two/slashes", "/%22quoted%22", "/a+b?c=%20d")

NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    {layout}
    access_log {folder}/access.log{name};
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; merge_slashes off;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }}
}}
"""
MAIN = (
    'log_format main \'$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"\';'
)
AS_JSON = (
    'log_format main escape=json \'{"time":"$time_iso8601","remote_addr":"$remote_addr",'
    '"request":"$request","status":$status,"http_referer":"$http_referer",'
    '"http_user_agent":"$http_user_agent"}\';'
)

APACHE = """
ServerRoot /usr/lib/apache2
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule alias_module modules/mod_alias.so
ServerName example.com
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
Mutex file:{folder}
DefaultRuntimeDir {folder}
LogFormat {layout} main
CustomLog {folder}/access.log main
AliasMatch ^ {folder}/page
"""

COMBINED = r'"%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\""'
WITH_HOST = COMBINED.replace('"%h', '"%v:%p %h', 1)

Start = tuple[Sequence[str], Path]


def nginx(layout: str, name: str, folder: Path, port: int) -> Start:
    """The command that starts nginx, and its log."""
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, layout=layout, name=name))
    return ["nginx", "-c", str(config)], folder / "access.log"


def apache(layout: str, folder: Path, port: int) -> Start:
    """The command that starts Apache, and its log."""
    (folder / "page").write_text("ok")
    config = folder / "apache.conf"
    config.write_text(APACHE.format(folder=folder, port=port, layout=layout))
    return ["apache2", "-X", "-f", str(config)], folder / "access.log"


def caddy(folder: Path, port: int) -> Start:
    """The command that starts Caddy, and its log."""
    log = folder / "access.log"
    server = {
        "listen": [f"127.0.0.1:{port}"],
        "routes": [{"handle": [{"handler": "static_response", "body": "ok"}]}],
        "logs": {"default_logger_name": "access"},
    }
    writer = {"output": "file", "filename": str(log)}
    config = {
        "admin": {"disabled": True},
        "logging": {"logs": {"a": {"writer": writer, "include": ["http.log.access"]}}},
        "apps": {"http": {"servers": {"s": server}}},
    }
    (folder / "caddy.json").write_text(json.dumps(config))
    return ["caddy", "run", "--config", str(folder / "caddy.json")], log


SERVERS: dict[str, tuple[str, Callable[[Path, int], Start], str]] = {
    "nginx": ("nginx", lambda folder, port: nginx("", "", folder, port), "combined"),
    "nginx main": ("nginx", lambda folder, port: nginx(MAIN, " main", folder, port), "combined"),
    "nginx JSON": (
        "nginx",
        lambda folder, port: nginx(AS_JSON, " main", folder, port),
        "nginx_json",
    ),
    "Apache": ("apache2", lambda folder, port: apache(COMBINED, folder, port), "combined"),
    "Apache with hosts": (
        "apache2",
        lambda folder, port: apache(WITH_HOST, folder, port),
        "vhost_combined",
    ),
    "Caddy": ("caddy", caddy, "caddy"),
}


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[None]:
    """A web server for as long as the block lasts."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: listens(port) or server.poll() is not None)
            assert server.poll() is None
            yield
        finally:
            server.terminate()


def listens(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Waits for a condition."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def lines_of(log: Path) -> list[str]:
    """The lines in a log, if it has begun."""
    return log.read_text().splitlines() if log.exists() else []


def ask(port: int, path: str) -> None:
    """Sends a request exactly as it is given."""
    headers = {"user-agent": AGENT, "referer": FROM, "host": "example.com"}
    with httpx.Client(trust_env=False) as client:
        url = httpx.URL(f"http://127.0.0.1:{port}").copy_with(raw_path=path.encode())
        assert client.get(url, headers=headers).status_code == 200


@pytest.mark.parametrize("name", SERVERS)
def test_log_of_real_server_is_read(name: str, tmp_path: Path) -> None:
    program, configure, expected = SERVERS[name]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    port = free_port()
    command, log = configure(tmp_path, port)
    with serving(command, port):
        for path in PATHS:
            ask(port, path)
        wait_until(lambda: len(lines_of(log)) >= len(PATHS))
    found = format_of(lines_of(log))
    assert found
    assert found.name == expected
    requests = [*map(found.reader(), lines_of(log))]
    assert [told(request) for request in requests] == [
        ("127.0.0.1", "GET", path, 200, FROM) for path in PATHS
    ]
    assert {request.hostname for request in requests} <= {"", "example.com"}
    agents = {request.agent for request in requests}
    assert agents in ({AGENT}, {AGENT.replace('"', r"\x22").replace("\\ ", r"\x5C ")})


def told(request: Request) -> tuple[str, str, str, int, str]:
    """What the client knows of a request."""
    one = request
    return one.address, one.method, one.target, one.status, one.referrer
