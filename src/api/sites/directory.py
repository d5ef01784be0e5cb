"""Finding sites. Ingest asks for one with every event, so answers are remembered for a moment."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from api.db.database import Database
from api.errors import NotFound
from api.sites.models import Site, Visibility

DEFAULT_SITE = "default"
"""The site of a call that names none."""

DEMO_SITE = "demo"
"""The public site with made-up traffic."""

REMEMBER_SECONDS = 5.0
"""How long a change of a site may take to reach every process."""

REMEMBER_SITES = 10_000


class UnknownSite(NotFound):
    """There is no such site, or it is not yours to see."""

    code = "UNKNOWN_SITE"


@dataclass
class Sites:
    """The sites of this installation, by key or domain."""

    database: Database
    remembered: dict[str, tuple[float, Site | None]] = field(
        default_factory=dict[str, tuple[float, Site | None]]
    )

    async def find(self, name: str) -> Site:
        """The site with this key or domain. Raises UnknownSite."""
        if "\0" in name or not name.isprintable():
            raise UnknownSite
        site = await remember(self.remembered, name, self.look_up)
        if site is None:
            raise UnknownSite(f"There is no site {name[:100]!r}, or it is not yours to see.")
        return site

    async def by_id(self, number: int) -> Site:
        """The site of a row that belongs to one. Raises UnknownSite for one that is gone."""
        async with self.database.session() as session:
            site = await session.get(Site, number)
        if site is None:
            raise UnknownSite
        return site

    async def look_up(self, name: str) -> Site | None:
        """A key wins over a domain; of several sites with one domain, the oldest."""
        async with self.database.session() as session:
            found = await session.execute(
                select(Site)
                .where(or_(col(Site.key) == name, func.lower(Site.domain) == name.lower()))
                .order_by((col(Site.key) == name).desc(), col(Site.id))
                .limit(1)
            )
            return found.scalars().first()

    async def create(
        self,
        key: str,
        domain: str,
        name: str = "",
        timezone: str = "UTC",
        visibility: Visibility = Visibility.PRIVATE,
        is_demo: bool = False,
    ) -> Site:
        """The site with this key; made when it is not there yet."""
        site = Site(
            key=key,
            domain=domain,
            name=name or domain,
            timezone=timezone,
            visibility=visibility,
            is_demo=is_demo,
        )
        try:
            async with self.database.session() as session:
                session.add(site)
        except IntegrityError:
            return await self.find(key)
        self.remembered.pop(key, None)
        return site


async def remember(
    memory: dict[str, tuple[float, Site | None]],
    name: str,
    look_up: Callable[[str], Awaitable[Site | None]],
) -> Site | None:
    """The remembered answer if it is fresh. Bounded, since names come from outside."""
    now = time.monotonic()
    if (known := memory.get(name)) and now - known[0] < REMEMBER_SECONDS:
        return known[1]
    if len(memory) >= REMEMBER_SITES:
        memory.clear()
    site = await look_up(name)
    memory[name] = (now, site)
    return site
