"""Subscriptions to e-mail reports: read, made, deleted and ended."""

import hmac
from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.db.database import Database
from api.email_reports.models import EmailReport, EmailReportIn, EmailReportOut
from api.email_reports.statements import SQL
from api.errors import Conflict, NotFound
from api.sites.models import Site, utc_now

MOST_REPORTS = 50
"""How many subscriptions a site has at most."""

NO_REPORT = "There is no such e-mail report."


async def reports_of(database: Database, site: Site) -> list[EmailReportOut]:
    """The subscriptions of a site by address."""
    rows = await database.rows(SQL / "subscriptions.sql", {"site": site.number})
    return [EmailReportOut.model_validate(row) for row in rows]


async def is_member_address(database: Database, site: Site, address: str) -> bool:
    """Whether this is the e-mail address of a member of a site."""
    asked = {"site": site.number, "address": address}
    return bool(await database.rows(SQL / "member_address.sql", asked))


async def save_report(
    database: Database, site: Site, new: EmailReportIn, for_members_only: bool
) -> EmailReport:
    """Makes a subscription. Raises Conflict for one that there is, also one that was ended by who
    gets it, and when there are too many."""
    report = EmailReport(
        site_id=site.number,
        address=new.address,
        every=new.every,
        for_members_only=for_members_only,
    )
    try:
        async with database.session() as session:
            await refuse_surplus(session, site)
            session.add(report)
    except IntegrityError as error:
        raise Conflict(f"{new.address} gets this report already, or has had enough.") from error
    return report


async def refuse_surplus(session: AsyncSession, site: Site) -> None:
    """Raises Conflict when a site has all subscriptions that it may. One request of a site at a
    time makes one: two that count at once would both find room."""
    await session.execute(select(Site.id).where(Site.id == site.id).with_for_update(key_share=True))
    stored = select(func.count()).where(EmailReport.site_id == site.number)
    if (await session.execute(stored)).scalar_one() >= MOST_REPORTS:
        raise Conflict(f"A site has at most {MOST_REPORTS} e-mail reports.")


async def drop_report(database: Database, site: Site, number: int) -> None:
    """Deletes a subscription of a site. Raises NotFound, and Conflict for one that was ended by who
    got it: it stays, so that nobody makes it again."""
    async with database.session() as session:
        found = await session.get(EmailReport, number, with_for_update=True)
        if found is None or found.site_id != site.id:
            raise NotFound(NO_REPORT)
        if found.unsubscribed_at is not None:
            raise Conflict("Whoever got it had enough: it stays, so that it is not made again.")
        await session.delete(found)


def token_of(secret: str, report: EmailReport) -> str:
    """What ends a subscription without a login: part of the address in each of its e-mails."""
    meant = f"e-mail report {report.id} {report.address}"
    return hmac.digest(secret.encode(), meant.encode(), "sha256").hex()[:40]


async def report_with(
    database: Database, secrets: Sequence[str], number: int, token: str
) -> tuple[EmailReport, Site]:
    """The subscription that this token ends, and its site. Raises NotFound, also for one that is
    not sent any more, because its address is that of no member: they would see how the site is
    called now."""
    wanted = (
        select(EmailReport, Site)
        .join(Site, col(Site.id) == EmailReport.site_id)
        .where(EmailReport.id == number, col(Site.deleted_at).is_(None))
    )
    async with database.session() as session:
        found = (await session.execute(wanted)).first()
    if found is None or not is_token(secrets, found[0], token):
        raise NotFound(NO_REPORT)
    report, site = found
    if report.for_members_only and not await is_member_address(database, site, report.address):
        raise NotFound(NO_REPORT)
    return report, site


def is_token(secrets: Sequence[str], report: EmailReport, token: str) -> bool:
    given = token.encode("utf-8", "replace")
    return any(hmac.compare_digest(token_of(one, report).encode(), given) for one in secrets)


async def end_report(database: Database, report: EmailReport) -> None:
    """Ends a subscription, because whoever gets it has had enough."""
    async with database.session() as session:
        stored = await session.get(EmailReport, report.number, with_for_update=True)
        if stored is not None and stored.unsubscribed_at is None:
            stored.unsubscribed_at = utc_now()
