"""Finds and changes sites. They are cached, because every request with events asks for one."""

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from api.db.database import Database
from api.errors import NotFound, Problem
from api.sites.models import Site, Visibility

DEFAULT_SITE = "default"
"""The key of the site of a call that names none."""

DEMO_SITE = "demo"
"""The key of the public site with made-up traffic."""

REMEMBER_SECONDS = 5.0
"""How long a change of a site may take to reach every process."""

REMEMBER_SITES = 10_000


class UnknownSite(NotFound):
    """There is no such site, or this account may not see it."""

    code = "UNKNOWN_SITE"


@dataclass
class Sites:
    """The sites of this installation, by key or domain."""

    database: Database
    remembered: dict[str, tuple[float, Site | None]] = field(
        default_factory=dict[str, tuple[float, Site | None]]
    )
    asked: dict[frozenset[str], asyncio.Task[dict[str, Site | None]]] = field(
        default_factory=dict[frozenset[str], asyncio.Task[dict[str, Site | None]]]
    )
    """Look-ups that are running, by their names."""

    async def find(self, name: str) -> Site:
        """The site with this key or domain. Raises UnknownSite."""
        if site := (await self.find_all([name])).get(name):
            return site
        raise unknown_site(name)

    async def by_id(self, number: int) -> Site:
        """The site with this id. Raises UnknownSite."""
        async with self.database.session() as session:
            site = await session.get(Site, number)
        if site is None or site.deleted_at is not None:
            raise UnknownSite
        return site

    async def find_all(self, names: Iterable[str]) -> dict[str, Site]:
        """The sites with these keys or domains, by name, in one query; without unknown names."""
        wanted = {name for name in names if name.isprintable()}
        answers = {name: cached[1] for name in wanted if (cached := self.recall(name))}
        if missing := frozenset(wanted - answers.keys()):
            answers |= await self.ask(missing)
        return {name: site for name, site in answers.items() if site}

    async def ask(self, names: frozenset[str]) -> dict[str, Site | None]:
        """Looks names up and caches the sites. Callers who ask for the same names meanwhile share
        the look-up: when a cached site expires, many requests ask for it at once."""
        if names not in self.asked:
            self.asked[names] = task = asyncio.create_task(self.look_up(names))
            task.add_done_callback(lambda done: self.settle(names, done))
        return await asyncio.shield(self.asked[names])

    def settle(self, names: frozenset[str], task: asyncio.Task[dict[str, Site | None]]) -> None:
        """Caches what a look-up found, unless a site has changed since it began."""
        if self.asked.get(names) is task:
            del self.asked[names]
            if not task.cancelled() and not task.exception():
                self.remember(task.result())

    def forget(self) -> None:
        """Drops what is cached, because a site has changed: this process knows it at once."""
        self.remembered.clear()
        self.asked.clear()

    def recall_all(self, names: Iterable[str]) -> dict[str, Site] | None:
        """The sites with these names, by name, if all of them are cached; else None."""
        found: dict[str, Site] = {}
        for name in set(names):
            cached = self.recall(name)
            if cached is None or cached[1] is None:
                return None
            found[name] = cached[1]
        return found

    def recall(self, name: str) -> tuple[float, Site | None] | None:
        """The time of the look-up and the site (None if there is none), if the name is cached."""
        cached = self.remembered.get(name)
        return cached if cached and time.monotonic() - cached[0] < REMEMBER_SECONDS else None

    def remember(self, answers: Mapping[str, Site | None]) -> None:
        """Caches sites by name. The number of names is bounded, since they come from outside."""
        if len(self.remembered) + len(answers) > REMEMBER_SITES:
            self.remembered.clear()
        now = time.monotonic()
        self.remembered |= {name: (now, site) for name, site in answers.items()}

    async def look_up(self, names: Collection[str]) -> dict[str, Site | None]:
        """The site of each name, None without one. A key wins over a domain; of several sites with
        one domain the oldest wins."""
        async with self.database.session() as session:
            domain = func.lower(Site.domain)
            wanted = or_(col(Site.key).in_(names), domain.in_({name.lower() for name in names}))
            living = select(Site).where(wanted, col(Site.deleted_at).is_(None))
            sites = (await session.execute(living.order_by(col(Site.id).desc()))).scalars().all()
        by_key = {site.key: site for site in sites}
        by_domain = {site.domain.lower(): site for site in sites}
        return {name: by_key.get(name) or by_domain.get(name.lower()) for name in names}

    async def create(
        self,
        key: str,
        domain: str,
        name: str = "",
        timezone: str = "UTC",
        visibility: Visibility = Visibility.PRIVATE,
        is_demo: bool = False,
    ) -> Site:
        """The site with this key; it is created unless it exists."""
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
        self.forget()
        return site


def unknown_site(name: str) -> UnknownSite:
    """The refusal of a name that no site has."""
    named = f"There is no site {name[:100]!r}, or you may not see it."
    problem = Problem("site", "is unknown, or you may not see it")
    return UnknownSite(named if name.isprintable() else "", [problem])
