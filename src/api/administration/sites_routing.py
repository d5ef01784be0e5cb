"""/api/sites: create, list, read, change and delete sites."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.administration.site_models import (
    AfterKey,
    NewSite,
    SiteChange,
    SiteOut,
    SiteSearch,
    site_out,
)
from api.administration.sites import (
    change_site,
    create_site,
    delete_site,
    list_sites,
    set_retention,
)
from api.auth.access import (
    AdministeredSite,
    AnyCaller,
    EditableSite,
    KnownCaller,
    OwnedSite,
    RequestActor,
    ViewedSite,
    role_of,
)
from api.auth.application import AppDatabase, AppSettings, AppSites
from api.auth.callers import Caller
from api.auth.keys import Scope
from api.db.database import Database
from api.errors import REFUSALS, Forbidden, invalid
from api.sites.models import Role, Site
from api.sites.retention import Days, Retention, retention_of
from api.text import PlainText
from settings import Settings

router = APIRouter(prefix="/api/sites", tags=["sites"])

MOST_LISTED = 200


@router.post("", name="create", status_code=201, responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def create(
    new: NewSite, caller: KnownCaller, actor: RequestActor, sites: AppSites, settings: AppSettings
) -> SiteOut:
    """Creates a site. Its creator becomes its owner."""
    refuse_creator(caller, settings)
    site = await create_site(sites, new, settings.db_timezone, actor, caller.account)
    return site_out(site, Role.OWNER)


def refuse_creator(caller: Caller, settings: Settings) -> None:
    """Raises Forbidden for those who may not create sites."""
    if settings.sites_by == "superusers" and not caller.account.is_superuser:
        raise Forbidden("Only superusers may create sites here.")
    if not caller.has(Scope.ADMIN) or (caller.key and caller.key.site_id is not None):
        raise Forbidden(f"This takes a login, or an API key with the scope {Scope.ADMIN}.")


@router.get("", name="list")
async def list_readable(
    caller: KnownCaller,
    sites: AppSites,
    search: SiteSearch = "",
    public: Annotated[
        bool, Query(description="Also public sites that the caller is no member of.")
    ] = False,
    after: AfterKey = "",
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most sites to return.")
    ] = 100,
) -> list[SiteOut]:
    """The sites that you may read, by key, with your role on each. Superusers read all."""
    return await list_sites(sites, caller, public, search, after, limit)


@router.get("/{key}", name="read")
async def read(site: ViewedSite, caller: AnyCaller, database: AppDatabase) -> SiteOut:
    """One site, and your role on it."""
    return await site_for_caller(database, site, caller)


@router.patch("/{key}", name="change", responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def change(
    wanted: SiteChange,
    site: AdministeredSite,
    caller: KnownCaller,
    actor: RequestActor,
    sites: AppSites,
) -> SiteOut:
    """Changes a site. Admins only. All processes of the service know it within five seconds."""
    changed = await change_site(sites, site, wanted, actor)
    return await site_for_caller(sites.database, changed, caller)


async def site_for_caller(database: Database, site: Site, caller: Caller) -> SiteOut:
    role = await role_of(database, caller, site)
    return site_out(site, role or Role.VIEWER)


@router.delete(
    "/{key}", name="delete", status_code=204, responses={403: REFUSALS[403], 409: REFUSALS[409]}
)
async def delete(
    site: OwnedSite,
    actor: RequestActor,
    sites: AppSites,
    confirm: Annotated[
        PlainText, Query(max_length=200, description="The key of the site, to confirm it.")
    ],
) -> None:
    """Deletes a site with everything of it. Owners only. Nobody reads or writes it any more; its
    rows are removed in the background. It cannot be undone."""
    if confirm != site.key:
        raise invalid("confirm", "must be the key of the site", [site.key])
    await delete_site(sites, site, actor)


@router.get("/{key}/retention", name="read_retention", responses={403: REFUSALS[403]})
async def read_retention(site: EditableSite, settings: AppSettings) -> Retention:
    """For how many days raw data of a site is kept, and since when there is any."""
    return retention_of(site, settings)


@router.put("/{key}/retention", name="set_retention", responses={403: REFUSALS[403]})
async def put_retention(
    wanted: Days, site: EditableSite, actor: RequestActor, sites: AppSites, settings: AppSettings
) -> Retention:
    """Sets for how many days raw data of a site is kept: 0 is for ever, null is the setting of the
    installation. Rollups stay. Older raw data is removed within the hour and cannot be restored."""
    return retention_of(await set_retention(sites, site, wanted.days, actor), settings)
