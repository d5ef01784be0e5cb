"""The commands `import-from` and `imported list|erase`: exports of other analytics products."""

import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import typer

from api.db.database import Database
from api.errors import Invalid, Problem
from api.sites.directory import Sites
from api.sites.models import Site
from cli.import_log import progress_bar
from cli.installation import friendly_errors, with_migrated_database
from cli.notices import tell_of_import
from importing.access_log import Summary
from importing.products.aggregates import Kept, keep_export, read_export
from importing.products.events import ExportReader, import_export
from importing.products.files import find_files
from importing.products.stored import erase_import, list_imports
from importing.products.table import BY_NAME
from importing.stores import store_nothing, storing, target_site
from settings import Settings

AGGREGATES = "plausible"
"""The product whose export has numbers of days instead of events."""

NAMES = (*BY_NAME, AGGREGATES)

Key = Annotated[str, typer.Argument(help="Key of the site.")]

commands = typer.Typer(no_args_is_help=True, help="Imported numbers of other products.")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an import is asked for."""

    product: str
    names: Sequence[str]
    site: str
    domain: str
    timezone: str
    origin: str
    dry_run: bool


def import_from(
    product: Annotated[str, typer.Argument(help=f"Whose export it is: {', '.join(NAMES)}.")],
    files: Annotated[
        list[str],
        typer.Argument(help="Plain, packed or zip files, or patterns of files."),
    ],
    site: Annotated[str, typer.Option(help="Key of the site; a new one is made.")],
    domain: Annotated[str, typer.Option(help="Domain of a new site.")] = "",
    timezone: Annotated[str, typer.Option(help="Time zone of a new site.")] = "UTC",
    origin: Annotated[
        str, typer.Option(help="The site's id in the export; by default that of its first row.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be stored, and what not.")
    ] = False,
) -> None:
    """Imports the export of another analytics product. What was imported before is left out."""
    with friendly_errors():
        refuse_unknown(product)
        names = find_files(files)
    asked = Asked(product, names, site, domain, timezone, origin, dry_run)
    problems = import_aggregates(asked) if product == AGGREGATES else import_events(asked)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise SystemExit(1)


def refuse_unknown(product: str) -> None:
    """Raises Invalid for a product whose export cannot be imported."""
    if product not in NAMES:
        known = f"{product[:50]!r} is unknown; known are {', '.join(NAMES)}"
        raise Invalid(problems=[Problem("product", known, NAMES)])


def import_events(asked: Asked) -> list[str]:
    """Imports events, and returns what went wrong."""
    summary = Summary()

    async def work(database: Database, settings: Settings) -> None:
        product = BY_NAME[asked.product]
        site = await site_of(database, asked)
        reader = ExportReader(product, site, settings.secret, asked.origin)
        store = store_nothing if asked.dry_run else storing(database)
        imported = import_export(asked.names, reader, store, summary)
        await watch(so_far.lines async for so_far in imported)
        if not asked.dry_run:
            await tell_of_import(database, site, asked.product, summary.stored)

    with_migrated_database(work)
    report_summary(summary, asked.dry_run)
    return summary.problems


def import_aggregates(asked: Asked) -> list[str]:
    """Imports numbers without events, and returns what went wrong."""
    kept = Kept()

    async def work(database: Database, _: Settings) -> None:
        if asked.dry_run:
            await watch(dry(asked.names, kept))
        else:
            site = await site_of(database, asked)
            await watch(keep_export(database, site, asked.names, kept))
            await tell_of_import(database, site, asked.product, sum(kept.rows.values()))

    with_migrated_database(work)
    report_kept(kept, asked.dry_run)
    return kept.problems


async def site_of(database: Database, asked: Asked) -> Site:
    return await target_site(database, asked.site, asked.domain, asked.timezone, asked.dry_run)


async def dry(names: Sequence[str], kept: Kept) -> AsyncIterator[int]:
    for number in read_export(names, kept):
        yield number


async def watch(numbers: AsyncIterator[int]) -> None:
    """Shows how many rows were read."""
    with progress_bar("rows") as progress:
        task = progress.add_task("Importing", total=None, rate="")
        async for number in numbers:
            elapsed = progress.tasks[0].elapsed or 1e-9
            progress.update(task, completed=number, rate=f"{number / elapsed:,.0f} rows/s")


def report_summary(summary: Summary, dry_run: bool) -> None:
    people = summary.stored - summary.bots
    print(f"{summary.lines:>10,} entries read")
    print(f"{people:>10,} events {'would be stored' if dry_run else 'stored'}")
    print(f"{summary.bots:>10,} events of bots{' would be' if dry_run else ''} kept apart")
    if not dry_run:
        print(f"{summary.duplicates:>10,} stored before")
    for reason, number in summary.skipped.most_common():
        print(f"{number:>10,} skipped: {reason}")


def report_kept(kept: Kept, dry_run: bool) -> None:
    for kind, number in kept.rows.most_common():
        print(f"{number:>10,} rows of {kind} {'would be kept' if dry_run else 'kept'}")
    if kept.first_day:
        print(f"{kept.first_day} to {kept.last_day}")
    for reason, number in kept.skipped.most_common():
        print(f"{number:>10,} skipped: {reason}")
    for name in kept.unknown:
        print(f"not read, as it is no file of the export: {name}")


@commands.command("list")
def list_imported(key: Key) -> None:
    """Lists the imports of numbers without events: id, time, days, rows, file."""

    async def work(database: Database, _: Settings) -> None:
        for row in await list_imports(database, await Sites(database).find(key)):
            print(
                f"{row.id}  {row.imported_at:%Y-%m-%d %H:%M}  {row.first_day} to"
                f" {row.last_day}  {row.rows:,} rows  {row.name}"
            )

    with_migrated_database(work)


@commands.command("erase")
def erase_imported(
    key: Key, identity: Annotated[UUID, typer.Argument(metavar="ID", help="Id of the import.")]
) -> None:
    """Erases an import with its numbers."""

    async def work(database: Database, _: Settings) -> None:
        await erase_import(database, await Sites(database).find(key), identity)

    with_migrated_database(work)
    print(f"Import {identity} is erased.")
