"""GET, POST /api/annotations and DELETE /api/annotations/{id}."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.analytics.annotations.models import Annotation, AnnotationIn, AnnotationOut
from api.analytics.annotations.store import (
    annotation_by_id,
    annotations_of,
    drop_annotation,
    no_annotation,
    save_annotation,
)
from api.auth.access import AnyCaller, KnownCaller, SiteName, editable_site, readable_site
from api.auth.application import AppDatabase, AppSites
from api.errors import REFUSALS
from api.sites.directory import DEFAULT_SITE, UnknownSite
from api.text import RowNumber

router = APIRouter(prefix="/api/annotations", tags=["annotations"])


@router.get("", name="list")
async def list_annotations(
    request: Request, caller: AnyCaller, database: AppDatabase, site: SiteName = DEFAULT_SITE
) -> list[AnnotationOut]:
    """The notes of a site by day."""
    found = await annotations_of(database, await readable_site(request, caller, site))
    return [annotation_out(note) for note in found]


@router.post("", name="create", status_code=201, responses={403: REFUSALS[403], 409: REFUSALS[409]})
async def create_annotation(
    new: AnnotationIn, request: Request, caller: KnownCaller, database: AppDatabase
) -> AnnotationOut:
    """Saves a note at a day. Owners and editors only."""
    site = await editable_site(request, caller, new.site)
    return annotation_out(await save_annotation(database, site, new))


@router.delete("/{number}", name="delete", status_code=204, responses={403: REFUSALS[403]})
async def delete_annotation(
    number: Annotated[RowNumber, Path(description="The `id` of the note.")],
    request: Request,
    caller: KnownCaller,
    database: AppDatabase,
    sites: AppSites,
) -> None:
    """Deletes a note. Owners and editors only."""
    note = await annotation_by_id(database, number)
    try:
        await editable_site(request, caller, (await sites.by_id(note.site_id)).key)
    except UnknownSite:
        raise no_annotation() from None
    await drop_annotation(database, note)


def annotation_out(note: Annotation) -> AnnotationOut:
    return AnnotationOut.model_validate(note, from_attributes=True)
