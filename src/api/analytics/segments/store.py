"""The segments of a site and of an account: read, saved, changed and deleted."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy import delete, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, or_, select

from api.analytics.goals.store import goal_steps
from api.analytics.segments.models import Segment, SegmentChange
from api.analytics.vocabulary.filters import NO_FILTER, parse_filters
from api.db.database import Database
from api.errors import Conflict, NotFound, invalid
from api.sites.models import Site

MAX_SEGMENTS = 100
"""How many a site has at most, and an account on a site beside them."""


async def segments_of(database: Database, site: Site, user_id: int | None) -> list[Segment]:
    """The segments of the site and those of the account, by name."""
    of_user = col(Segment.user_id) == user_id
    wanted = select(Segment).where(
        Segment.site_id == site.number, or_(col(Segment.user_id).is_(None), of_user)
    )
    async with database.session() as session:
        found = await session.execute(wanted.order_by(Segment.name, col(Segment.id)))
        return [*found.scalars()]


async def segment_by_id(database: Database, number: int, user_id: int) -> Segment:
    """A segment of this account or of a site. Raises NotFound, also for another account's."""
    async with database.session() as session:
        found = await session.get(Segment, number)
    if found is None or found.user_id not in (None, user_id):
        raise no_segment()
    return found


def no_segment() -> NotFound:
    """The refusal of a segment that does not exist; also of one of a site that the caller may not
    read, in the same words."""
    return NotFound("There is no such segment.")


async def save_segment(database: Database, site: Site, new: Segment) -> Segment:
    """Saves a segment. Raises Invalid for filters that reports would refuse, and Conflict for a
    name that is taken and when there are too many."""
    await refuse_bad_filters(database, site, new.filters)
    await add_segment(database, new)
    return new


async def add_segment(database: Database, new: Segment) -> None:
    """Saves a segment as it is: one that is kept may be about a goal that was deleted since. Raises
    Conflict (see save_segment)."""
    async with named_once(database, new.name) as session:
        await refuse_surplus(session, new)
        session.add(new)


async def change_segment(
    database: Database, site: Site, segment: Segment, change: SegmentChange
) -> Segment:
    """Changes a segment. Another request may change it at the same time, or delete it: what is not
    asked for stays as it is then. Raises Invalid, Conflict (see save_segment) and NotFound."""
    if change.filters is not None:
        await refuse_bad_filters(database, site, change.filters)
    given = {field: value for field, value in change.model_dump().items() if value is not None}
    async with named_once(database, change.name or segment.name) as session:
        found = await session.get(Segment, segment.id, with_for_update={"key_share": True})
        if found is None:
            raise no_segment()
        found.sqlmodel_update(given)
    return found


async def drop_segment(database: Database, segment: Segment) -> None:
    """Deletes a segment."""
    async with database.session() as session:
        await session.execute(delete(Segment).where(col(Segment.id) == segment.id))


async def refuse_bad_filters(database: Database, site: Site, filters: str) -> None:
    if parse_filters(filters, await goal_steps(database, site)) == NO_FILTER:
        raise invalid("filters", "has no clause")


@asynccontextmanager
async def named_once(database: Database, name: str) -> AsyncGenerator[AsyncSession]:
    """A transaction. Raises Conflict when it takes a name that the owner has used already."""
    try:
        async with database.session() as session:
            yield session
    except IntegrityError as error:
        raise Conflict(f"There is a segment {name!r} already.") from error


async def refuse_surplus(session: AsyncSession, new: Segment) -> None:
    """Raises Conflict when the owner has all segments that they may. One request of a site at a
    time saves a segment: two that count at once would both find room."""
    await session.execute(
        select(Site.id).where(Site.id == new.site_id).with_for_update(key_share=True)
    )
    of_owner = col(Segment.user_id).is_not_distinct_from(new.user_id)
    stored = select(func.count()).where(Segment.site_id == new.site_id, of_owner)
    if (await session.execute(stored)).scalar_one() >= MAX_SEGMENTS:
        raise Conflict(f"There may be {MAX_SEGMENTS} segments at most.")
