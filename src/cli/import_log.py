"""The command `import-log`: imports access logs of web servers and load balancers."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.db.database import Database
from api.events.enrich.geo import GeoLocator
from cli.installation import friendly_errors, with_migrated_database
from cli.notices import tell_of_import
from importing.access_log import LogReader, Summary, import_log
from importing.files import find_logs, open_log
from importing.formats.request import Format
from importing.formats.table import AUTO, BY_NAME, format_called
from importing.stores import Store, store_nothing, storing, target_site
from settings import Settings

FORMAT_HELP = (
    f"{AUTO}, {', '.join(BY_NAME)}, or a layout as in nginx's log_format or Apache's LogFormat: "
    "'$remote_addr [$time_local] \"$request\" $status'."
)


def import_log_files(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Plain or packed (gzip, bzip2, xz), or patterns of files; - is the input."
        ),
    ],
    site: Annotated[str, typer.Option(help="Key of the site; a new one is made.")],
    domain: Annotated[str, typer.Option(help="Domain of a new site.")] = "",
    timezone: Annotated[str, typer.Option(help="Time zone of a new site.")] = "UTC",
    format: Annotated[str, typer.Option(help=FORMAT_HELP)] = AUTO,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be stored, and what not.")
    ] = False,
) -> None:
    """Imports access logs of a web server or load balancer. Requests stored before are left out.

    tail -F access.log | boot/analytics import-log - --site blog imports a log as it is written."""
    with friendly_errors():
        chosen = format_called(format)
        logs = find_logs(files, chosen)

    async def work(database: Database, settings: Settings) -> Summary:
        target = await target_site(database, site, domain, timezone, dry_run)
        reader = LogReader(target, settings.secret, GeoLocator(settings.geoip_db, None))
        store = store_nothing if dry_run else storing(database)
        summary = await import_all(store, logs, reader, chosen)
        if not dry_run:
            await tell_of_import(database, target, "log", summary.stored)
        return summary

    summary = with_migrated_database(work)
    report(summary, dry_run)
    if summary.problems:
        raise SystemExit(1)


async def import_all(
    store: Store, logs: Sequence[str], reader: LogReader, chosen: Format | None
) -> Summary:
    summary = Summary()
    with progress_bar() as progress:
        task = progress.add_task("Importing", total=None, rate="")
        for name in logs:
            with open_log(name) as raw:
                async for so_far in import_log(store, name, raw, reader, summary, chosen):
                    elapsed = progress.tasks[0].elapsed or 1e-9
                    rate = f"{so_far.lines / elapsed:,.0f} lines/s"
                    progress.update(task, completed=so_far.lines, rate=rate)
    return summary


def progress_bar(unit: str = "lines") -> Progress:
    """How many lines, or others, were read so far, and how fast."""
    return Progress(
        SpinnerColumn(),
        TextColumn(f"{{task.description}} {{task.completed:,.0f}} {unit}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def report(summary: Summary, dry_run: bool) -> None:
    people = summary.stored - summary.bots
    for name, number in summary.formats.most_common():
        print(f"{number:>10,} {'log' if number == 1 else 'logs'} read as {name}")
    print(f"{summary.lines:>10,} lines read")
    print(f"{people:>10,} page views {'would be stored' if dry_run else 'stored'}")
    print(f"{summary.bots:>10,} bot requests{' would be' if dry_run else ''} kept apart")
    if not dry_run:
        print(f"{summary.duplicates:>10,} stored before")
    for reason, number in summary.skipped.most_common():
        print(f"{number:>10,} skipped: {reason}")
    for problem in summary.problems:
        print(problem, file=sys.stderr)
