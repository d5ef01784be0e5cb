"""Erasure of a person: everything of them on a site is deleted in one transaction."""

import re
from datetime import datetime
from typing import Annotated, Self

import msgspec
from pydantic import ConfigDict, Field, model_validator

from api.auth.models import User
from api.db.database import Database
from api.events.enrich.identity import named_identity
from api.events.removal.delete import delete_visitors, execute, record
from api.events.write.locks import lock_sites
from api.events.write.sql import Connection
from api.schema import Record
from api.sites.models import Site
from api.text import PlainText

NUMBER = re.compile(r"-?[0-9]{1,19}")

Name = Annotated[PlainText, Field(min_length=1, max_length=200)]


class Person(Record):
    """The person to erase, by one of the two ids."""

    model_config = ConfigDict(extra="forbid")

    user_id: Name | None = None
    """The id that the site gives to a user whom it knows."""
    visitor_id: Name | None = None
    """The id of a visitor: the one that the site sends with events, or the one in answers, e.g. of
    the report `funnel/visitors`."""

    @model_validator(mode="after")
    def require_one(self) -> Self:
        """Refuses two ids, which could be two people, and none."""
        if (self.user_id is None) == (self.visitor_id is None):
            raise ValueError("Either user_id or visitor_id is needed.")
        return self

    @property
    def name(self) -> str:
        return self.user_id or self.visitor_id or ""

    @property
    def number(self) -> int | None:
        """The visitor id as the database has it, which answers write as text; None if the id cannot
        be one."""
        told = self.visitor_id or ""
        number = int(told) if NUMBER.fullmatch(told) else None
        return None if number is None or not -(2**63) <= number < 2**63 else number


class Receipt(Record):
    """How many rows were deleted. The audit log has an entry with this id, without the person's."""

    id: int
    """The number of the entry in the audit log."""
    erased_at: datetime
    """When the person was erased."""
    events: int
    """How many events were deleted."""
    visits: int
    """How many visits were deleted."""
    visitors: int
    """How many visitors were deleted: one person may have been several."""
    observations: int
    """How many web vitals and JavaScript errors were deleted."""
    rejected: int
    """How many rejected events were deleted."""


async def erase(database: Database, site: Site, person: Person, by: User) -> Receipt:
    """Deletes a person's events, observations, visits, visitor and rejected events, and marks the
    rollup buckets that counted them. Reports are without them from the COMMIT on, and submitted
    jobs about the site are answered again."""
    async with await database.connect() as connection:
        visitors = await visitors_of(connection, site, person)
        async with connection.transaction():
            await lock_sites(connection, [site.number])
            erased = await delete_visitors(connection, site, visitors)
            quoted = msgspec.json.encode(person.name).decode()
            values = {"site": site.number, "visitors": visitors, "name": person.name}
            values |= {"quoted": quoted}
            cursor = await execute(connection, "delete_rejected_of_person", values)
            erased["rejected"] = cursor.rowcount
            await execute(connection, "queue_results_again", {"site": site.number})
            number, at = await record(connection, "erasure", site, by, erased)
    return Receipt(id=number, erased_at=at, **erased)


async def visitors_of(connection: Connection, site: Site, person: Person) -> list[int]:
    own = named_identity("user" if person.user_id else "visitor", site, person.name)
    values = {"site": site.number, "own": own, "user_id": person.user_id, "told": person.number}
    rows = await (await execute(connection, "visitors_of_person", values)).fetchall()
    return [own, *(row["id"] for row in rows)]
