"""The command `import-log`: imports access logs of web servers."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.db.database import Database
from api.events.enrich.geo import GeoLocator
from api.sites.directory import Sites
from cli.installation import with_migrated_database
from importing.access_log import LogReader, Summary, import_log
from settings import Settings


def import_log_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Plain or .gz.")],
    site: Annotated[str, typer.Option(help="Key of the site; a new one is made.")],
    domain: Annotated[str, typer.Option(help="Domain of a new site.")] = "",
    timezone: Annotated[str, typer.Option(help="Time zone of a new site.")] = "UTC",
) -> None:
    """Imports an Apache or nginx access log (combined format). A second import adds nothing."""

    async def work(database: Database, settings: Settings) -> Summary:
        target = await Sites(database).create(site, domain or site, timezone=timezone)
        geo = GeoLocator(settings.geoip_db, None)
        reader = LogReader(target, settings.secret, geo)
        summary = Summary()
        with progress_bar() as progress:
            task = progress.add_task("Importing", total=None, rate="")
            async for so_far in import_log(database, file, reader, summary):
                elapsed = progress.tasks[0].elapsed or 1e-9
                rate = f"{so_far.lines / elapsed:,.0f} lines/s"
                progress.update(task, completed=so_far.lines, rate=rate)
        return summary

    report(with_migrated_database(work))


def progress_bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f} lines"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def report(summary: Summary) -> None:
    people = summary.stored - summary.bots
    print(f"{summary.lines:>10,} lines read")
    print(f"{people:>10,} page views stored")
    print(f"{summary.bots:>10,} bot requests kept apart")
    print(f"{summary.duplicates:>10,} stored before")
    for reason, number in summary.skipped.most_common():
        print(f"{number:>10,} skipped: {reason}")
