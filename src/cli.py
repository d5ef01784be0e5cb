"""The command line: serve, migrate, import-log, demo, user, site, rejected, jobs, explain …"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, TypeVar

import psycopg
import typer
import uvicorn
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import QueryParams

from api.analytics.query import Params
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.run import explain, understand
from api.auth.accounts import create_user
from api.auth.models import Registration
from api.db.database import Database
from api.db.embedded import embedded_server
from api.db.jobs import run_once
from api.errors import AnalyticsError
from api.events.enrich import Places
from api.events.replay import RejectedOut, Replay, ReplayReport, rejected_events, replay
from api.jobs import jobs_for
from api.logs import configure_logs
from api.metrics import FOLDER
from api.sites.directory import DEMO_SITE, Sites
from api.sites.models import Visibility, utc_now
from api.sites.retention import Days, Retention, retention_of
from demo import fill_demo
from importing.access_log import LogReader, Summary, import_log
from install import FirstLogin, furnish, prepared
from settings import LEAST_RETENTION_DAYS, LONGEST_RETENTION_DAYS, Settings

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Own your web analytics.",
)
site_commands = typer.Typer(no_args_is_help=True, help="Sites.")
user_commands = typer.Typer(no_args_is_help=True, help="Accounts.")
job_commands = typer.Typer(no_args_is_help=True, help="Work that is done by the clock.")
cli.add_typer(site_commands, name="site")
cli.add_typer(user_commands, name="user")
cli.add_typer(job_commands, name="jobs")
rejected_commands = typer.Typer(no_args_is_help=True, help="Events that could not be stored.")
cli.add_typer(rejected_commands, name="rejected")

console = Console()
T = TypeVar("T")


def read_settings() -> Settings:
    """The settings, or a clear word about each one that is wrong, and exit code 2."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            message = problem["msg"].removeprefix("Value error, ")
            print(f"{name} {message}".strip(), file=sys.stderr)
        raise SystemExit(2) from None


@contextmanager
def with_database(settings: Settings) -> Generator[Settings]:
    """The settings with a database address: the given one, or the embedded server's."""
    if settings.database_url:
        yield settings
        return
    with embedded_server(settings.data_dir) as url:
        os.environ |= {"DATABASE_URL": url, "SECRET_KEY": settings.secret}
        yield settings.model_copy(update={"database_url": url, "secret_key": settings.secret})


@contextmanager
def plain_words() -> Generator[None]:
    """What can go wrong without being our fault is said in one line, with exit code 1."""
    try:
        yield
    except (AnalyticsError, ValidationError, psycopg.Error, DBAPIError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


def with_prepared(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Runs some work on a prepared database, and says what went wrong in one line."""

    async def main(settings: Settings) -> T:
        async with prepared(settings) as database:
            return await work(database, settings)

    with with_database(read_settings()) as settings, plain_words():
        return asyncio.run(main(settings))


@cli.command()
def serve() -> None:
    """Starts everything: database (if embedded), schema, first login, demo data, web server."""
    signal.signal(signal.SIGTERM, leave)
    embedded = not os.environ.get("DATABASE_URL")
    try:
        with with_database(read_settings()) as settings, plain_words():
            configure_logs(settings.log_format)
            login = asyncio.run(set_up(settings, fill=settings.demo))
            introduce(settings, login, embedded)
            run_web_server(settings)
    except KeyboardInterrupt:
        pass


def leave(*_: object) -> None:
    """SIGTERM ends the process the tidy way, stopping the embedded server too."""
    raise SystemExit(0)


async def set_up(settings: Settings, fill: bool) -> FirstLogin | None:
    """Makes the installation complete; fills an empty one with the demo site."""
    async with prepared(settings) as database:
        login = await furnish(database, settings)
        if fill and login:
            with console.status("Making 30 days of demo traffic …"):
                await fill_demo(database, utc_now())
        return login


def introduce(settings: Settings, login: FirstLogin | None, embedded: bool) -> None:
    """Where everything is."""
    base = f"http://{settings.host}:{settings.port}"
    console.print(f"\n[bold]Analytics[/bold] on {base}\n")
    rows = [
        ("Dashboard", f"{base}/"),
        ("Demo site", f"{base}/?site={DEMO_SITE}"),
        ("Live", f"{base}/api/realtime/?site={DEMO_SITE}"),
        ("API", f"{base}/docs"),
        ("Tracker", f'<script defer src="{base}/script.js" data-site="default"></script>'),
        ("Database", f"embedded, in {settings.data_dir}" if embedded else "DATABASE_URL"),
    ]
    if login:
        rows.append(("First login", f"{login.email}  {login.password}"))
    elif (settings.data_dir / "first-login.txt").exists():
        rows.append(("First login", f"see {settings.data_dir / 'first-login.txt'}"))
    for label, text in rows:
        console.print(f"  {label:<12}", end="", style="bold")
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    console.print("\n  Ctrl-C stops it.\n")


def run_web_server(settings: Settings) -> None:
    """Serves until told to stop; then lets requests finish for up to 20 seconds."""
    with TemporaryDirectory(prefix="analytics-metrics-") as folder:
        if settings.workers > 1:
            os.environ[FOLDER] = folder
        uvicorn.run(**web_server(settings))


def web_server(settings: Settings) -> dict[str, Any]:
    """How the web server is run."""
    return {
        "app": "main:build_app",
        "factory": True,
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "proxy_headers": True,
        "forwarded_allow_ips": settings.trusted_proxies,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "ws_max_size": 4096,
        "timeout_graceful_shutdown": 20,
    }


@cli.command("migrate")
def migrate_command() -> None:
    """Brings the schema to this release and syncs the rollups."""

    async def work(database: Database, settings: Settings) -> FirstLogin | None:
        return await furnish(database, settings)

    if login := with_prepared(work):
        print(f"First login: {login.email}  {login.password}")


@cli.command("import-log")
def import_log_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Plain or .gz.")],
    site: Annotated[str, typer.Option(help="Key of the site; made when it is new.")],
    domain: Annotated[str, typer.Option(help="Domain of a new site.")] = "",
    timezone: Annotated[str, typer.Option(help="Time zone of a new site.")] = "UTC",
) -> None:
    """Imports an Apache or nginx access log (combined format). Doing it twice changes nothing."""

    async def work(database: Database, settings: Settings) -> Summary:
        target = await Sites(database).create(site, domain or site, timezone=timezone)
        places = Places(settings.geoip_db, None)
        reader = LogReader(target, settings.secret, places)
        summary = Summary()
        with progress_bar() as progress:
            task = progress.add_task("Importing", total=None, rate="")
            async for so_far in import_log(database, file, reader, summary):
                elapsed = progress.tasks[0].elapsed or 1e-9
                rate = f"{so_far.lines / elapsed:,.0f} lines/s"
                progress.update(task, completed=so_far.lines, rate=rate)
        return summary

    report(with_prepared(work))


def progress_bar() -> Progress:
    """A bar that says how far and how fast."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f} lines"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def report(summary: Summary) -> None:
    """What an import did, and what it left out and why."""
    people = summary.stored - summary.bots
    print(f"{summary.lines:>10,} lines read")
    print(f"{people:>10,} page views stored")
    print(f"{summary.bots:>10,} bot requests kept apart")
    print(f"{summary.duplicates:>10,} stored before")
    for reason, number in summary.skipped.most_common():
        print(f"{number:>10,} skipped: {reason}")


@cli.command()
def demo() -> None:
    """Fills the demo site with 30 days of made-up traffic, if it has none."""

    async def work(database: Database, _: Settings) -> int:
        return await fill_demo(database, utc_now())

    print(f"{with_prepared(work):,} events stored on the site {DEMO_SITE!r}")


@site_commands.command("create")
def create_site(
    key: Annotated[str, typer.Argument(help="What trackers and queries call it.")],
    domain: Annotated[str, typer.Option(help="Its domain.")],
    timezone: Annotated[str, typer.Option(help="IANA name.")] = "UTC",
    visibility: Annotated[Visibility, typer.Option(help="Who may read it.")] = Visibility.PRIVATE,
) -> None:
    """Makes a site."""

    async def work(database: Database, _: Settings) -> str:
        made = await Sites(database).create(key, domain, timezone=timezone, visibility=visibility)
        return made.key

    print(with_prepared(work))


@site_commands.command("retention")
def set_retention(
    key: Annotated[str, typer.Argument(help="Key of the site.")],
    days: Annotated[str, typer.Argument(help="A number, 0 for ever, or default.")] = "",
) -> None:
    """Says, or sets, how long raw data of a site is kept. Rollups stay."""
    try:
        wanted = (
            Days.model_validate({"days": None if days == "default" else days}) if days else None
        )
    except ValidationError as error:
        allowed = f"0, default, or {LEAST_RETENTION_DAYS} to {LONGEST_RETENTION_DAYS}"
        raise typer.BadParameter(f"is none of: {allowed}") from error

    async def work(database: Database, settings: Settings) -> Retention:
        sites = Sites(database)
        if wanted:
            await sites.keep(await sites.find(key), wanted.days)
        return retention_of(await sites.find(key), settings)

    print(with_prepared(work).model_dump_json(indent=2))


@user_commands.command("create")
def create_user_command(
    email: str,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
    admin: Annotated[bool, typer.Option(help="May see and do everything.")] = False,
) -> None:
    """Makes an account."""

    async def work(database: Database, _: Settings) -> str:
        new = Registration(email=email, password=password)
        return (await create_user(database, new, is_admin=admin)).email

    print(with_prepared(work))


@rejected_commands.command("list")
def list_rejected(
    site: Annotated[str, typer.Argument(help="Key of the site.")],
    code: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.")] = 100,
) -> None:
    """Rejected events, one JSON object per line."""

    async def work(database: Database, _: Settings) -> list[dict[str, Any]]:
        found = await Sites(database).find(site)
        return await rejected_events(database, found, code, limit=limit)

    for row in with_prepared(work):
        print(RejectedOut.model_validate(row).model_dump_json())


@rejected_commands.command("replay")
def replay_rejected(
    site: Annotated[str, typer.Argument(help="Key of the site.")],
    code: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    number: Annotated[list[int] | None, typer.Option(help="Only these, by id.")] = None,
) -> None:
    """Tries rejected events again. What is stored leaves the list, what is not stays."""

    async def work(database: Database, settings: Settings) -> ReplayReport:
        places = Places(settings.geoip_db, None)
        found = await Sites(database).find(site)
        return await replay(database, places, found, Replay(ids=number, code=code))

    print(with_prepared(work).model_dump_json(indent=2))


@job_commands.command("run")
def run_jobs() -> None:
    """Does every job once: partitions, rollups, salts and so on. For those who have a cron."""

    async def work(database: Database, settings: Settings) -> None:
        await run_once(database, jobs_for(database.engine, settings))

    with_prepared(work)


@cli.command("explain")
def explain_command(
    report: Annotated[str, typer.Argument(help="Name of a report, e.g. pages.")],
    asked: Annotated[
        list[str] | None, typer.Argument(help="Its parameters, e.g. site=demo days=30.")
    ] = None,
) -> None:
    """Which tables answer a question, and what that costs."""
    by_name = {listed.name: listed for listed in REPORTS}
    if report not in by_name:
        raise typer.BadParameter(f"is none of: {', '.join(by_name)}")
    chosen = by_name[report]
    params = params_from(chosen, asked or [])

    async def work(database: Database, _: Settings) -> tuple[str, str]:
        site = await Sites(database).find(params.site)
        return await explain(database, chosen, await understand(database, chosen, params, site))

    source, plan = with_prepared(work)
    console.print(f"[bold]{source}[/bold]\n{escape(plan)}", soft_wrap=True)


def params_from(report: Report, asked: Sequence[str]) -> Params:
    """The parameters that the words on the command line are, checked as those of a request are."""
    pairs = QueryParams("&".join(asked))
    try:
        return TypeAdapter(report.params).validate_python(
            {key: pairs.getlist(key) if is_list(report, key) else pairs[key] for key in pairs}
        )
    except ValidationError as error:
        problems = "; ".join(f"{p['loc'][0]}: {p['msg']}" for p in error.errors() if p["loc"])
        raise typer.BadParameter(problems) from error


def is_list(report: Report, key: str) -> bool:
    """Whether a parameter may be given several times."""
    field = report.params.model_fields.get(key)
    return field is not None and "list" in str(field.annotation)


@cli.command()
def doctor() -> None:
    """Says what this installation runs on."""

    async def work(database: Database, settings: Settings) -> None:
        engine = database.engine
        print(f"profile      {engine.profile}")
        print(f"postgresql   {engine.postgres}")
        print(f"timescaledb  {engine.timescaledb or 'not used'}")
        print(f"data         {settings.data_dir}")

    with_prepared(work)


if __name__ == "__main__":
    cli()
