"""The commands `export` and `import`: everything of a site into a file, and out of it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.db.database import Database
from api.sites.directory import Sites
from archives.export import Exported, export_site
from archives.load import Imported, Wanted, import_archive
from archives.reading import opened
from cli.installation import friendly_errors, with_migrated_database
from cli.notices import tell_of_export, tell_of_import
from cli.sites import account_called, new_site
from settings import Settings


def export_command(
    site: Annotated[str, typer.Argument(help="Key or domain of the site.")],
    to: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
) -> None:
    """Writes everything of a site into a file: settings, goals, segments, and all rows as they are
    stored. `import` makes a site of it that answers every report the same."""

    async def work(database: Database, _: Settings) -> Exported:
        found = await Sites(database).find(site)
        done = Exported()
        with progress_bar() as bar:
            task = bar.add_task("Exporting", total=None)
            async for done in export_site(database, found, to):
                bar.update(task, completed=done.rows)
        await tell_of_export(database, found, done.rows)
        return done

    for part in with_migrated_database(work).parts:
        print(f"{part.rows:>12,} {part.name}")


def import_command(
    file: Annotated[Path, typer.Argument(help="What `export` wrote.")],
    site: Annotated[str, typer.Option(help="Key of the new site; else as in the file.")] = "",
    domain: Annotated[str, typer.Option(help="Its domain; else as in the file.")] = "",
    owner: Annotated[str, typer.Option(help="Name or e-mail address of its owner.")] = "",
) -> None:
    """Makes a site of what `export` wrote. What was interrupted goes on, and a file that is
    imported already is not stored again."""
    with friendly_errors(), opened(file) as archive:
        archived = archive.manifest.site
        names = new_site({"key": site or archived.key, "domain": domain or archived.domain})

        async def work(database: Database, _: Settings) -> Imported:
            user = await account_called(database, owner) if owner else None
            done = Imported(0)
            with progress_bar() as bar:
                task = bar.add_task("Importing", total=None)
                wanted = Wanted(names.final_key, names.domain, user)
                async for done in import_archive(database, archive, wanted):
                    bar.update(task, completed=done.stored, total=done.total)
            imported = await Sites(database).find(done.site)
            await tell_of_import(database, imported, "archive", done.stored - done.before)
            return done

        report(with_migrated_database(work))


def report(done: Imported) -> None:
    print(f"{done.stored - done.before:>12,} rows stored")
    print(f"{done.before:>12,} stored before")
    print(f"The site is {done.site!r}.")
    if not done.keeps_ids:
        print("Its visitors have new ids, because a site with those of the file is there.")
    if done.missing:
        print(
            "Before its raw data begins, these rollups know nothing of it, because this release"
            f" computes them otherwise: {', '.join(done.missing)}."
        )


def progress_bar() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description} {task.completed:,.0f} rows"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
