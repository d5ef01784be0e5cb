"""GET, POST /api/segments; PATCH, DELETE /api/segments/{id}."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.analytics.segments.models import Segment, SegmentChange, SegmentIn, SegmentOut
from api.analytics.segments.store import (
    change_segment,
    drop_segment,
    no_segment,
    save_segment,
    segment_by_id,
    segments_of,
)
from api.auth.access import AnyCaller, LoggedIn, SiteName, readable_site, site_for
from api.auth.application import AppDatabase, AppSites
from api.auth.callers import Caller
from api.errors import REFUSALS
from api.sites.directory import DEFAULT_SITE, Sites, UnknownSite
from api.sites.models import Role, Site
from api.text import RowNumber

router = APIRouter(prefix="/api/segments", tags=["segments"])

SegmentNumber = Annotated[RowNumber, Path(description="The `id` of the segment.")]


async def changeable_segment(sites: Sites, caller: Caller, number: int) -> tuple[Segment, Site]:
    """A segment that the caller may change, and its site: their own, or one of a site that they
    edit. Raises NotFound and Forbidden."""
    segment = await segment_by_id(sites.database, number, caller.account.number)
    try:
        site = await sites.by_id(segment.site_id)
        return segment, await site_for(sites, caller, site.key, needed_for(segment.shared))
    except UnknownSite:
        raise no_segment() from None


def needed_for(shared: bool) -> Role:
    """Who may save a segment: editors for the site, whoever reads it for themselves."""
    return Role.EDITOR if shared else Role.VIEWER


@router.get("", name="list")
async def list_segments(
    request: Request, caller: AnyCaller, database: AppDatabase, site: SiteName = DEFAULT_SITE
) -> list[SegmentOut]:
    """The segments of a site and your own there, by name."""
    readable = await readable_site(request, caller, site)
    user_id = caller.user.number if caller.user else None
    return [segment_out(one) for one in await segments_of(database, readable, user_id)]


@router.post("", name="create", status_code=201, responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def create_segment(
    new: SegmentIn, caller: LoggedIn, database: AppDatabase, sites: AppSites
) -> SegmentOut:
    """Saves filters under a name, for you or, if you are an editor, for all who read the site."""
    site = await site_for(sites, caller, new.site, needed_for(new.shared))
    segment = Segment(
        site_id=site.number,
        user_id=None if new.shared else caller.account.number,
        name=new.name,
        filters=new.filters,
    )
    return segment_out(await save_segment(database, site, segment))


@router.patch("/{number}", name="change", responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def patch_segment(
    number: SegmentNumber, change: SegmentChange, caller: LoggedIn, sites: AppSites
) -> SegmentOut:
    """Changes the name or the filters of a segment: your own, or of a site that you edit."""
    segment, site = await changeable_segment(sites, caller, number)
    return segment_out(await change_segment(sites.database, site, segment, change))


@router.delete("/{number}", name="delete", status_code=204, responses={403: REFUSALS[403]})
async def delete_segment(number: SegmentNumber, caller: LoggedIn, sites: AppSites) -> None:
    """Deletes a segment: your own, or of a site that you edit."""
    segment, _ = await changeable_segment(sites, caller, number)
    await drop_segment(sites.database, segment)


def segment_out(segment: Segment) -> SegmentOut:
    return SegmentOut.model_validate(segment, from_attributes=True)
