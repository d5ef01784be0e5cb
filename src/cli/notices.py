"""Tells the editors of a site, by the bell of the dashboard, what a command did with the site."""

from urllib.parse import urlencode

from api.db.database import Database
from api.notifications.models import Kind, Notice
from api.notifications.store import notify_editors
from api.sites.models import Site, utc_now


async def tell_of_import(database: Database, site: Site, source: str, stored: int) -> None:
    """Tells that an import has stored rows, if it has; of logs once a day, because programs import
    them by the hour. The source is `log`, `archive`, or the name of a product."""
    if not stored:
        return
    link = f"/?{urlencode({'site': site.key, 'period': 'all'})}"
    once = f"import of logs {site.number} {utc_now():%Y-%m-%d}" if source == "log" else None
    data = {"source": source, "rows": stored}
    await tell(database, Notice(Kind.IMPORT_DONE, site.number, data, link, once))


async def tell_of_export(database: Database, site: Site, rows: int) -> None:
    """Tells that everything of the site was written into a file."""
    await tell(database, Notice(Kind.EXPORT_DONE, site.number, {"rows": rows}))


async def tell(database: Database, notice: Notice) -> None:
    async with await database.connect() as connection:
        await notify_editors(connection, notice)
