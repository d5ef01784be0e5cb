"""/api/sites/{key}/email-reports: who gets the numbers of a site by e-mail."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.auth.access import EditableSite, KnownCaller
from api.auth.application import AppDatabase, AppSettings
from api.email_reports.models import EmailReportIn, EmailReportOut
from api.email_reports.store import drop_report, is_member_address, reports_of, save_report
from api.errors import REFUSALS, invalid
from api.text import RowNumber

router = APIRouter(
    prefix="/api/sites/{key}/email-reports",
    tags=["email_reports"],
    responses={403: REFUSALS[403], 409: REFUSALS[409]},
)


@router.get("", name="list")
async def list_reports(site: EditableSite, database: AppDatabase) -> list[EmailReportOut]:
    """Who gets the numbers of a site by e-mail. Editors and above only."""
    return await reports_of(database, site)


@router.post("", name="create", status_code=201)
async def create_report(
    new: EmailReportIn,
    site: EditableSite,
    caller: KnownCaller,
    database: AppDatabase,
    settings: AppSettings,
) -> EmailReportOut:
    """Has the numbers of a site sent by e-mail, each week or month, until whoever gets them has had
    enough. Editors and above only; other addresses than those of members take a superuser."""
    if not settings.smtp_host:
        raise invalid("address", "gets nothing: this installation has no SMTP_HOST")
    is_member = await is_member_address(database, site, new.address)
    if not is_member and not caller.account.is_superuser:
        raise invalid("address", "is that of no member of the site; a superuser may add others")
    report = await save_report(database, site, new, for_members_only=is_member)
    return EmailReportOut(**report.model_dump(), delivered_at=None)


@router.delete("/{number}", name="delete", status_code=204)
async def delete_report(
    number: Annotated[RowNumber, Path(description="The `id` of the subscription.")],
    site: EditableSite,
    database: AppDatabase,
) -> None:
    """Stops an e-mail report. One that was ended by whoever got it stays in the list. Editors and
    above only."""
    await drop_report(database, site, number)
