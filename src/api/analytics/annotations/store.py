"""The annotations of a site: read, saved and deleted."""

from sqlalchemy import delete, func
from sqlmodel import col, select

from api.analytics.annotations.models import Annotation, AnnotationIn
from api.db.database import Database
from api.errors import Conflict, NotFound
from api.sites.models import Site

MAX_ANNOTATIONS = 1000


async def annotations_of(database: Database, site: Site) -> list[Annotation]:
    """The notes of a site, by day."""
    async with database.session() as session:
        found = await session.execute(
            select(Annotation)
            .where(Annotation.site_id == site.number)
            .order_by(col(Annotation.day), col(Annotation.id))
        )
        return [*found.scalars()]


async def save_annotation(database: Database, site: Site, new: AnnotationIn) -> Annotation:
    """Saves a note. Raises Conflict when there are too many. One request of a site at a time counts
    them: two at once would both find room."""
    note = Annotation(site_id=site.number, day=new.day, text=new.text)
    async with database.session() as session:
        await session.execute(
            select(Site.id).where(Site.id == site.id).with_for_update(key_share=True)
        )
        stored = select(func.count()).where(col(Annotation.site_id) == site.number)
        if (await session.execute(stored)).scalar_one() >= MAX_ANNOTATIONS:
            raise Conflict(f"A site has at most {MAX_ANNOTATIONS} annotations.")
        session.add(note)
    return note


async def annotation_by_id(database: Database, number: int) -> Annotation:
    """One note. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(Annotation, number)
    if found is None:
        raise no_annotation()
    return found


def no_annotation() -> NotFound:
    """The refusal of a note that does not exist; also of one of a site that the caller may not
    read, in the same words."""
    return NotFound("There is no such annotation.")


async def drop_annotation(database: Database, note: Annotation) -> None:
    """Deletes a note."""
    async with database.session() as session:
        await session.execute(delete(Annotation).where(col(Annotation.id) == note.id))
