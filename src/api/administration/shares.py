"""/api/sites/{key}/shares, the share links of a site, for its editors; and POST /api/shares/open,
which a page calls that somebody opens with one."""

import json
import re
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Path, Request
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from api.administration.keys import LONGEST_DAYS, Name
from api.administration.share_boards import refuse_unseen_board
from api.administration.share_store import create_share, revoke_share, shares_of
from api.analytics.vocabulary.filters import clauses_of, names_goals, read_filters
from api.auth.access import EditableSite, KnownCaller
from api.auth.application import (
    AppDatabase,
    AppSettings,
    AppSites,
    network_from,
    settings_of,
    tokens_of,
)
from api.auth.models import NewPassword, Password
from api.auth.passwords import hash_password, password_matches
from api.auth.shares import OPENED_PREFIX, PasswordNeeded, ShareLink, share_of_secret
from api.auth.tokens import after
from api.auth.trail import Action, record
from api.db.database import Database
from api.errors import REFUSALS, Unauthenticated, invalid
from api.instants import Instant
from api.limits import TokenBuckets, neighbourhood
from api.schema import Record
from api.sites.models import utc_now
from api.text import PlainText, RowNumber

router = APIRouter(tags=["shares"], responses={403: REFUSALS[403]})

MOST_CLAUSES = 10
"""How many clauses the filters of a link may have: half of what a question may."""

LONGEST_FILTERS = 5000
MOST_PARAMETERS = 30
MOST_ORIGINS = 20

ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::[0-9]{1,5})?")


def plain_origin(text: str) -> str:
    """The origin itself. Raises ValueError for anything else, which could change a policy."""
    if not ORIGIN.fullmatch(text):
        raise ValueError("must be an origin like https://www.example.com")
    return text


Origin = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, max_length=200),
    AfterValidator(plain_origin),
]
Parameter = Annotated[PlainText, Field(max_length=50)]
ViewValue = Annotated[PlainText, Field(max_length=2000)]


class ShareIn(Record):
    """A new share link."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    """Who it is for."""
    password: NewPassword | None = None
    """What has to be given to open it; null for nothing."""
    expires_in_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    """After how many days it expires; null for never."""
    board: RowNumber | None = None
    """The `id` of the board that it shows, and nothing else: one of the site that you see. Then it
    has neither filters nor a view. Null for a link to reports of the site."""
    item: RowNumber | None = None
    """The `id` of the only item of the board that it shows; null for all of them."""
    filters: list[Any] = Field(default_factory=list)
    """Filters that every question has, in the form of `filters` of a report, but on no goals: at
    most ten clauses."""
    view: Annotated[
        dict[Parameter, ViewValue | Annotated[list[ViewValue], Field(max_length=20)]],
        Field(max_length=MOST_PARAMETERS),
    ] = Field(default_factory=dict)
    """The parameters that its page begins with. They limit nothing."""
    origins: Annotated[list[Origin], Field(max_length=MOST_ORIGINS)] = Field(default_factory=list)
    """The origins whose pages may frame its page, e.g. https://www.example.com."""

    @model_validator(mode="after")
    def refuse_unclear_target(self) -> Self:
        if self.board is None and self.item is not None:
            raise ValueError("item needs a board")
        if self.board is not None and (self.filters or self.view):
            raise ValueError("filters and view are for links without a board")
        return self


class ShareOut(Record):
    """A share link."""

    id: UUID
    """Its id."""
    name: str
    """Who it is for."""
    has_password: bool
    """Whether a password is needed to open the link."""
    board: int | None
    """The `id` of the board that it shows and nothing else; null for reports of the site."""
    item: int | None
    """The `id` of the only item of the board that it shows; null for all of them."""
    filters: list[Any]
    """Filters that every question has."""
    view: dict[str, Any]
    """The parameters that its page begins with."""
    origins: list[str]
    """The origins whose pages may frame its page."""
    created_at: Instant
    """When it was made."""
    expires_at: Instant | None
    """When it expires; null for never."""


class ShareMade(ShareOut):
    """A share link that was just made."""

    secret: str
    """The secret, for the header `Authorization: Bearer share_…`. No other answer has it."""
    url: str
    """The address of its page, with the secret in the fragment, which browsers send nowhere."""


class OpenIn(Record):
    """What opens a share link."""

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[PlainText, Field(max_length=200)]
    """The secret of the link: `share_…`."""
    password: Password | None = None
    """Its password, if it has one."""


class SharedSite(Record):
    """The site that is shared."""

    key: str
    """What reports call it."""
    name: str
    """What people call it."""
    timezone: str
    """Its time zone, an IANA name."""


class Opened(Record):
    """A share link that was opened."""

    access_token: str
    """For the header `Authorization: Bearer opened_…` of reports."""
    expires_in: int
    """Seconds until the token expires: then open the link again."""
    site: SharedSite
    """The site that is shared."""
    name: str
    """Who the link is for."""
    board: int | None
    """The `id` of the board that it shows and nothing else: `GET /api/boards/{number}` and its
    `answers`. Null for a link to reports of the site."""
    item: int | None
    """The `id` of the only item of the board that it shows; null for all of them."""
    filters: list[Any]
    """Filters that every question has."""
    view: dict[str, Any]
    """The parameters that its page begins with."""


@router.post("/api/sites/{key}/shares", name="create", status_code=201)
async def create(
    new: ShareIn,
    request: Request,
    site: EditableSite,
    caller: KnownCaller,
    database: AppDatabase,
    sites: AppSites,
) -> ShareMade:
    """Makes a share link: whoever has it reads reports of the site or, if it is to a board, that
    board only, as it then is. Editors and above only."""
    refuse_bad_filters(new.filters)
    if new.board is not None:
        await refuse_unseen_board(sites, caller, site, new.board, new.item)
    link, secret = await create_share(
        database,
        ShareLink(
            site_id=site.number,
            password_hash=await hash_password(new.password) if new.password else None,
            expires_at=after(days=new.expires_in_days) if new.expires_in_days else None,
            created_by=caller.account.id,
            board_id=new.board,
            item_id=new.item,
            **new.model_dump(include={"name", "filters", "view", "origins"}),
        ),
        network_from(request),
    )
    base = settings_of(request).base_url or str(request.base_url).rstrip("/")
    url = f"{base}/share/{link.id}#{secret}"
    return ShareMade(**share_out(link).model_dump(), secret=secret, url=url)


def refuse_bad_filters(filters: list[Any]) -> None:
    """Raises Invalid for filters that no report takes, that are too long, and for those on goals:
    with the goal they would change."""
    if len(json.dumps(filters)) > LONGEST_FILTERS:
        raise invalid("filters", f"must have at most {LONGEST_FILTERS} characters in JSON")
    if names_goals(filters):
        raise invalid("filters", "must not be on goals, which may change")
    if len([*clauses_of(read_filters(filters))]) > MOST_CLAUSES:
        raise invalid("filters", f"at most {MOST_CLAUSES} clauses")


@router.get("/api/sites/{key}/shares", name="list")
async def list_shares(site: EditableSite, database: AppDatabase) -> list[ShareOut]:
    """The share links of a site, the newest first. Editors and above only."""
    return [share_out(link) for link in await shares_of(database, site)]


@router.delete("/api/sites/{key}/shares/{share_id}", name="revoke", status_code=204)
async def revoke(
    site: EditableSite,
    share_id: Annotated[UUID, Path(description="The `id` of the share link.")],
    request: Request,
    caller: KnownCaller,
    database: AppDatabase,
) -> None:
    """Revokes a share link, at once. Editors and above only."""
    await revoke_share(database, site, share_id, caller.account.number, network_from(request))


@router.post("/api/shares/open", name="open", responses={401: REFUSALS[401], 429: REFUSALS[429]})
async def open_share(
    given: OpenIn, request: Request, database: AppDatabase, sites: AppSites, settings: AppSettings
) -> Opened:
    """Exchanges the secret of a share link, and its password if it has one, for a token. A link
    that needs its password answers with the code `PASSWORD_NEEDED`."""
    link = await share_of_secret(database, given.secret)
    await check_password(request, database, link, given.password)
    site = await sites.by_id(link.site_id)
    latest = after(minutes=settings.access_token_expire_minutes)
    expires = min(latest, link.expires_at or latest)
    return Opened(
        access_token=OPENED_PREFIX + tokens_of(request).issue_opened(link.id, expires),
        expires_in=round((expires - utc_now()).total_seconds()),
        site=SharedSite(key=site.key, name=site.name, timezone=site.timezone),
        name=link.name,
        board=link.board_id,
        item=link.item_id,
        filters=link.filters,
        view=link.view,
    )


async def check_password(
    request: Request, database: Database, link: ShareLink, password: str | None
) -> None:
    """Raises PasswordNeeded without the password of a link that has one, Unauthenticated for
    another one, and TooManyRequests after too many of those."""
    if link.password_hash is None:
        return
    if password is None:
        raise PasswordNeeded
    tries: TokenBuckets = request.app.state.share_tries
    where = f"{link.id} {neighbourhood(request.client.host) if request.client else ''}"
    with tries.trying(where, Unauthenticated, "Too many wrong passwords for this link."):
        if not await password_matches(password, link.password_hash):
            await record_wrong_password(database, link, network_from(request))
            raise Unauthenticated("The password is wrong.")


async def record_wrong_password(database: Database, link: ShareLink, network: str) -> None:
    """Records a wrong password in the audit log."""
    action, site = Action.SHARE_PASSWORD_WRONG, link.site_id
    async with database.session() as session:
        await record(session, action, None, site, network, share=str(link.id))


def share_out(link: ShareLink) -> ShareOut:
    """A link as responses show it."""
    kept = {name: getattr(link, name) for name in ShareOut.model_fields if hasattr(link, name)}
    kept |= {"board": link.board_id, "item": link.item_id}
    return ShareOut(**kept, has_password=link.password_hash is not None)
