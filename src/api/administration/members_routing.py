"""/api/sites/{key}/members, /api/sites/{key}/invitations and /api/invitations: who may do what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.administration.invitation_models import (
    InvitationMade,
    InvitationOut,
    InvitationSeen,
    InvitationToken,
    NewInvitation,
)
from api.administration.invitations import (
    accept,
    find_invitation,
    invite,
    open_invitations,
    revoke,
    seen,
)
from api.administration.members import (
    Heir,
    MemberOut,
    RoleIn,
    list_members,
    remove_member,
    set_role,
    transfer_site,
)
from api.auth.access import (
    AdministeredSite,
    KnownCaller,
    LoggedIn,
    OwnedSite,
    RequestActor,
    ViewedSite,
    account_role,
    is_meant,
    role_of,
)
from api.auth.application import AppDatabase, AppSettings, AppSites
from api.auth.keys import Scope
from api.errors import REFUSALS, Forbidden
from api.sites.models import Role
from api.text import RowNumber

router = APIRouter(prefix="/api/sites/{key}", tags=["members"], responses={403: REFUSALS[403]})
invitations_router = APIRouter(prefix="/api/invitations", tags=["members"])

MOST_LISTED = 200

Account = Annotated[RowNumber, Path(description="The number of the member's account.")]


async def member_role(site: ViewedSite, caller: KnownCaller, database: AppDatabase) -> Role:
    """The role of a caller who is a member of the site, or a superuser. Raises Forbidden for others
    who may read it."""
    role = await role_of(database, caller, site)
    is_member = await account_role(database, caller.account, site) is not None
    if role is None or not is_member or not is_meant(caller, site):
        raise Forbidden("Only members of the site may do that.")
    return role


OwnRole = Annotated[Role, Depends(member_role)]


@router.get("/members", name="list")
async def members(
    site: ViewedSite,
    own_role: OwnRole,
    database: AppDatabase,
    after: Annotated[
        int, Query(ge=0, le=2**63 - 1, description="Only accounts after this one: the next page.")
    ] = 0,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most members to return.")
    ] = 100,
) -> list[MemberOut]:
    """The members of a site by account. Members only; only admins get e-mail addresses."""
    return await list_members(database, site, own_role, after, limit)


@router.put("/members/{account}", name="set_role", status_code=204, responses={409: REFUSALS[409]})
async def put_role(
    wanted: RoleIn,
    site: AdministeredSite,
    account: Account,
    own_role: OwnRole,
    actor: RequestActor,
    database: AppDatabase,
) -> None:
    """Gives a member another role: owners any, admins `editor` and `viewer`. The last owner stays
    one."""
    await set_role(database, site, account, wanted.role, own_role, actor)


@router.delete("/members/{account}", name="remove", status_code=204, responses={409: REFUSALS[409]})
async def remove(
    site: ViewedSite,
    account: Account,
    own_role: OwnRole,
    caller: KnownCaller,
    actor: RequestActor,
    database: AppDatabase,
) -> None:
    """Removes a member, or leaves the site: owners remove anybody, admins editors and viewers,
    everybody themselves. The last owner stays."""
    if not caller.has(Scope.ADMIN):
        raise Forbidden(f"This takes a login, or an API key with the scope {Scope.ADMIN}.")
    await remove_member(database, site, account, own_role, actor)


@router.post("/transfer", name="transfer", status_code=204)
async def transfer(heir: Heir, site: OwnedSite, actor: RequestActor, database: AppDatabase) -> None:
    """Makes a member the owner in your place; you become an admin. Owners only."""
    await transfer_site(database, site, heir.account, actor)


@router.post("/invitations", name="invite", status_code=201, responses={409: REFUSALS[409]})
async def create_invitation(
    new: NewInvitation,
    site: AdministeredSite,
    own_role: OwnRole,
    actor: RequestActor,
    database: AppDatabase,
    settings: AppSettings,
) -> InvitationMade:
    """Makes a link with which somebody becomes a member. It is good once, and shown only now."""
    invitation, token = await invite(database, site, new, own_role, actor)
    # Behind the #, so that browsers do not send the token and no log gets it.
    url = f"{settings.address}/invite#{token}"
    return InvitationMade(**invitation.model_dump(), token=token, url=url)


@router.get("/invitations", name="list_invitations")
async def list_invitations(site: AdministeredSite, database: AppDatabase) -> list[InvitationOut]:
    """The invitations that nobody has accepted yet, newest first. Admins only."""
    found = await open_invitations(database, site)
    return [InvitationOut.model_validate(one, from_attributes=True) for one in found]


@router.delete("/invitations/{number}", name="revoke_invitation", status_code=204)
async def revoke_invitation(
    site: AdministeredSite,
    number: Annotated[RowNumber, Path(description="The `id` of the invitation.")],
    own_role: OwnRole,
    actor: RequestActor,
    database: AppDatabase,
) -> None:
    """Revokes an invitation: admins those of editors and viewers, owners any."""
    await revoke(database, site, number, own_role, actor)


@invitations_router.post("/look", name="look_at_invitation", responses={404: REFUSALS[404]})
async def look(given: InvitationToken, sites: AppSites) -> InvitationSeen:
    """What the token of an invitation invites to. 404 for one that was used, or has expired."""
    return seen(*await find_invitation(sites, given.token))


@invitations_router.post(
    "/accept",
    name="accept_invitation",
    responses={status: REFUSALS[status] for status in (403, 404, 409)},
)
async def accept_invitation(
    given: InvitationToken, caller: LoggedIn, actor: RequestActor, sites: AppSites
) -> InvitationSeen:
    """Makes you a member of the site that you are invited to. It takes a login."""
    return await accept(sites, given.token, caller.account, actor)
