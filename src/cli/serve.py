"""The command `serve`: starts everything and serves until it is stopped."""

import asyncio
import os
import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from rich.console import Console

from api.logs import configure_logs
from api.metrics import FOLDER
from api.sites.directory import DEFAULT_SITE, DEMO_SITE, Sites
from api.sites.models import Site, Visibility, utc_now
from bootstrap import FirstLogin, create_defaults, migrated_database
from cli.connections import MOST_CONNECTIONS, Connections
from cli.installation import friendly_errors, read_settings, with_database
from cli.supervision import kept_running
from demo.fill import fill_demo
from settings import Settings

console = Console()

MOST_FILES = 65_536
"""How many open files and sockets a process asks for."""


def serve() -> None:
    """Starts the service: embedded database, schema, first login, demo data, web server."""
    signal.signal(signal.SIGTERM, on_sigterm)
    embedded = not os.environ.get("DATABASE_URL")
    try:
        with friendly_errors(), with_database(read_settings()) as settings:
            configure_logs(settings.log_format)
            started = asyncio.run(set_up(settings, fill=settings.demo))
            print_banner(settings, started, embedded)
            with kept_running(settings.data_dir) if embedded else nullcontext():
                run_web_server(settings)
    except KeyboardInterrupt:
        pass


def on_sigterm(*_: object) -> None:
    """Exits on SIGTERM in the normal way, so that the embedded server is stopped, too."""
    raise SystemExit(0)


@dataclass(frozen=True, slots=True)
class Started:
    """What a start found or made."""

    login: FirstLogin | None
    default: Site
    """The site that calls are about which name none."""


async def set_up(settings: Settings, fill: bool) -> Started:
    """Migrates the database and creates defaults; fills a new installation with demo traffic."""
    async with migrated_database(settings) as database:
        login = await create_defaults(database, settings)
        if fill and login:
            with console.status("Making 30 days of demo traffic …"):
                await fill_demo(database, utc_now())
        return Started(login, await Sites(database).find(DEFAULT_SITE))


def readers(site: Site, settings: Settings) -> str:
    """Who may read a site, in words."""
    if site.visibility == Visibility.PUBLIC:
        return "anybody may read it"
    if site.visibility == Visibility.PRIVATE:
        return "its members may read it"
    anybody = ", and anybody may make one" if settings.registration == "open" else ""
    return f"every account may read it{anybody}; see docs/sites.md"


def print_banner(settings: Settings, started: Started, embedded: bool) -> None:
    base, login = settings.address, started.login
    console.print(f"\n[bold]Analytics[/bold] on {base}\n")
    rows = [
        ("Dashboard", f"{base}/"),
        ("Demo site", f"{base}/?site={DEMO_SITE}"),
        ("Live", f"{base}/api/realtime/?site={DEMO_SITE}"),
        ("API", f"{base}/docs"),
        ("Tracker", f'<script defer src="{base}/script.js" data-site="default"></script>'),
        ("Database", f"embedded, in {settings.data_dir}" if embedded else "DATABASE_URL"),
        ("Site default", readers(started.default, settings)),
    ]
    if login:
        rows.append(("First login", f"{login.username}  {login.password}"))
    elif (settings.data_dir / "first-login.txt").exists():
        rows.append(("First login", f"see {settings.data_dir / 'first-login.txt'}"))
    for label, text in rows:
        console.print(f"  {label:<14}", end="", style="bold")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print("\n  Ctrl-C stops it.\n")


def run_web_server(settings: Settings) -> None:
    """Serves until stopped; then finishes requests for up to 20 seconds."""
    with TemporaryDirectory(prefix="analytics-metrics-") as folder:
        if settings.workers > 1:
            os.environ[FOLDER] = folder
        uvicorn.run(**web_server(settings))


def raise_file_limit() -> int:
    """Raises the limit on open files of this process and its children. Returns the limit."""
    if sys.platform == "win32":
        return MOST_FILES
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def web_server(settings: Settings) -> dict[str, Any]:
    """The arguments of uvicorn. Of the open files, half are for connections, and a quarter for
    those that are not accepted yet."""
    files = raise_file_limit()
    return {
        "http": Connections(min(MOST_CONNECTIONS, files // 2)),
        "backlog": min(2048, files // 4),
        "app": "cli.supervision:build_worker",
        "factory": True,
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "proxy_headers": False,  # see api.proxies
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "ws_max_size": 4096,
        "timeout_graceful_shutdown": 20,
    }
