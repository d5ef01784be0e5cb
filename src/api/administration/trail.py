"""The audit log, to be read: of everybody by superusers, of a site by its admins, one's own by
everybody."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from api.analytics.csv_rows import Flavour, csv_text
from api.auth.access import AdministeredSite, LoggedIn, Superuser
from api.auth.application import AppDatabase
from api.auth.trail import SECURITY, Action
from api.db.database import Database, Rows
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText, RowNumber

router = APIRouter(tags=["audit"])

HERE = Path(__file__).parent
ENTRIES, SECURITY_EVENTS = HERE / "trail.sql", HERE / "security_events.sql"

MOST_ENTRIES = 1000

Name = Annotated[PlainText, Field(max_length=200)]
Network = Annotated[PlainText, Field(max_length=50)]

CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "Entries, newest first."}
}


class Entry(Record):
    """Something that somebody did, or tried."""

    id: int
    """Its number: later ones have higher numbers."""
    at: Instant
    """When."""
    action: str
    """What: one of the actions that the parameter `action` takes."""
    actor: str | None
    """The username of the account that did it; null without one, or where it is gone."""
    site: str | None
    """The key of the site that it is about; null without one, or where it is gone."""
    network: str
    """The network that the request came from: /24 of IPv4, /48 of IPv6; may be empty."""
    detail: dict[str, Any]
    """What else is known, by the action."""


class NextEntries(Record):
    """Where the list goes on."""

    next: int | None
    """The value of the parameter `before` for the next page; null on the last page."""


class Trail(Record):
    """A page of the audit log."""

    rows: list[Entry]
    """The entries, newest first."""
    page: NextEntries
    """Where the list goes on."""


class Asked(Record):
    """Which entries of the audit log."""

    model_config = ConfigDict(extra="forbid")

    action: list[Action] | None = None
    """Only these actions."""
    kind: Literal["security"] | None = None
    """`security`: only what an attack looks like."""
    network: Network | None = None
    """Only what came from this network, as entries name it."""
    since: datetime | None = None
    """Only entries of this time or later."""
    until: datetime | None = None
    """Only entries before this time."""
    before: RowNumber | None = None
    """Only entries with a lower `id`: the next page."""
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100
    """The most entries to return."""
    format: Literal["json", "csv"] = "json"
    """The format of the response."""
    csv: Flavour = "plain"
    """`excel` puts an apostrophe before text that a spreadsheet would run."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The values of the question in trail.sql. What a subclass has no field for is null."""
        asked = self.model_dump(exclude={"kind", "action", "format", "csv"})
        return {"account": None, "site": None, **asked, "actions": self.actions}

    @property
    def actions(self) -> list[str] | None:
        """The actions that are asked for; None for all."""
        wanted = {*self.action} if self.action else None
        if self.kind:
            wanted = SECURITY & wanted if wanted else {*SECURITY}
        return None if wanted is None else sorted(wanted)


class AskedOfSite(Asked):
    """Which entries of the audit log of a site."""

    account: Name | None = None
    """Only what the account with this username or e-mail address did."""


class AskedOfAll(AskedOfSite):
    """Which entries of the audit log of the installation."""

    site: Name | None = None
    """Only what is about the site with this key."""


Wanted = Annotated[Asked, Query()]


@router.get("/api/audit", name="list", response_model=Trail, responses=CSV)
async def audit(
    _: Superuser,
    database: AppDatabase,
    asked: Annotated[AskedOfAll, Query()],
) -> Response | Trail:
    """The audit log of the installation. Superusers only."""
    return await trail(database, asked)


@router.get("/api/sites/{key}/audit", name="list_site", response_model=Trail, responses=CSV)
async def audit_of_site(
    site: AdministeredSite, database: AppDatabase, asked: Annotated[AskedOfSite, Query()]
) -> Response | Trail:
    """The audit log of a site. Its admins and owners only."""
    return await trail(database, asked, of_site=site.number)


@router.get("/api/auth/activity", name="list_own", response_model=Trail, responses=CSV)
async def activity(caller: LoggedIn, database: AppDatabase, asked: Wanted) -> Response | Trail:
    """What your account did, and who tried to log in to it."""
    return await trail(database, asked, of_actor=caller.account.number)


async def trail(database: Database, asked: Asked, **of: int) -> Response | Trail:
    """The entries that are asked for, of an account (`of_actor`) or a site (`of_site`)."""
    rows = await entries(database, asked, **of)
    if asked.format == "csv":
        text = csv_text([*Entry.model_fields], rows, "entry", asked.csv)
        return Response(text, media_type="text/csv")
    is_full = len(rows) == asked.limit
    return Trail(
        rows=[Entry.model_validate(row) for row in rows],
        page=NextEntries(next=rows[-1]["id"] if is_full else None),
    )


async def entries(database: Database, asked: Asked, **of: int) -> Rows:
    """The rows of these entries (see trail)."""
    values = {"of_actor": None, "of_site": None, **asked.values, **of}
    return await database.rows(ENTRIES, values)


class FromNetwork(Record):
    """Security events of one network."""

    network: str
    """The network: /24 of IPv4, /48 of IPv6."""
    events: int
    """How many came from there."""


class SecurityEvents(Record):
    """How often one kind of security event happened."""

    action: str
    """What happened."""
    events: int
    """How often."""
    from_networks: int
    """From how many networks."""
    accounts: int
    """To how many accounts."""
    last_at: Instant
    """When it happened last."""
    networks: list[FromNetwork]
    """The ten networks that most of them came from."""


@router.get("/api/audit/security", name="security")
async def security_events(
    _: Superuser,
    database: AppDatabase,
    days: Annotated[int, Query(ge=1, le=365, description="Of how many days until now.")] = 7,
) -> list[SecurityEvents]:
    """How often logins failed, tokens were used twice, accounts were used from new networks, … in
    the last days. Superusers only."""
    values = {"since": utc_now() - timedelta(days=days), "actions": sorted(SECURITY)}
    rows = await database.rows(SECURITY_EVENTS, values)
    return [SecurityEvents.model_validate(row) for row in rows]
