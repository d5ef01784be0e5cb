"""The forms of rollups that are stored: the declared one, and older ones that are still of use.

A declaration that changed becomes a new form beside the old one: other stored rows, another
watermark, marks and functions of its own, under a name with its fingerprint. Both are kept up by
the same jobs and both are exact, so nothing has to be swapped: questions go to whichever form
answers them, and once the new one is filled the old one is dropped. Unless it remembers what the
new one cannot be computed from any more; then it stays, and answers what reaches back that far.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection

from api.db.database import Database, lend
from api.db.engine import Engine
from api.db.rollup import Fact, Rollup

log = logging.getLogger("analytics.rollups")

Connection = AsyncConnection[Any]

AS_THEY_ARE = ("name", "dimensions", "measures", "condition", "people", "form_of")
SPANS = ("width", "lag")
"""What JSON can say, and what it says in seconds."""

REMEMBER_SECONDS = 5.0

GRACE = timedelta(minutes=1)
"""How long a form outlives its last use: processes remember for a moment what there is."""


@dataclass(frozen=True, slots=True)
class Form:
    """A rollup as it is stored."""

    rollup: Rollup
    fingerprint: str
    ready_at: datetime | None
    """When all of its buckets had been computed; None while they have not."""
    native: bool
    """Whether its rows are a continuous aggregate's."""

    @property
    def title(self) -> str:
        """The declared rollup that it is, or was, a form of."""
        return self.rollup.title


async def stored_forms(connection: Connection) -> list[Form]:
    """Every form there is."""
    cursor = await connection.execute(
        "select declaration, nullif(since, '-infinity'), fingerprint, ready_at, relkind = 'v'"
        " from rollup_state join pg_class on pg_class.oid = to_regclass(name || '_stored')"
        " where declaration is not null order by name"
    )
    return [
        Form(replace(declared_as(words), since=since), fingerprint, ready_at, native)
        for words, since, fingerprint, ready_at, native in await cursor.fetchall()
    ]


def words_of(rollup: Rollup) -> dict[str, Any]:
    """A declaration as JSON."""
    return {
        **{name: getattr(rollup, name) for name in AS_THEY_ARE},
        "fact": {field.name: getattr(rollup.fact, field.name) for field in fields(Fact)},
        "finer": words_of(rollup.finer) if rollup.finer else None,
        **{name: getattr(rollup, name).total_seconds() for name in SPANS},
        "keep": rollup.keep.total_seconds() if rollup.keep else None,
    }


def declared_as(words: Mapping[str, Any]) -> Rollup:
    """The declaration in these words. They were part of the program once, and are taken for that
    again: nobody else writes them."""
    return Rollup(
        name=words["name"],
        fact=Fact(**words["fact"]),
        width=timedelta(seconds=words["width"]),
        dimensions=tuple(words["dimensions"]),
        measures=tuple(words["measures"]),
        condition=words["condition"],
        people=words["people"],
        keep=timedelta(seconds=words["keep"]) if words.get("keep") else None,
        finer=declared_as(words["finer"]) if words["finer"] else None,
        form_of=words["form_of"],
        lag=timedelta(seconds=words["lag"]),
    )


async def refreshable(connection: Connection, engine: Engine) -> list[Rollup]:
    """The forms that this kind of server can keep up. One that was stored on another kind stays
    exact as it is: what is not stored is read from the base tables."""
    forms = await stored_forms(connection)
    return [form.rollup for form in forms if form.native == engine.continuous_aggregates]


remembered: dict[str, tuple[float, Sequence[Form]]] = {}


async def served(database: Database, declared: Sequence[Rollup]) -> Sequence[Rollup]:
    """The forms that may answer, the best first: filled ones before others, new ones before old.
    What there is, is remembered for a moment."""
    known = remembered.get(database.url)
    if known is None or time.monotonic() - known[0] > REMEMBER_SECONDS:
        async with lend(database.reading) as connection:
            known = time.monotonic(), await stored_forms(connection)
        remembered[database.url] = known
    titles = {rollup.name: rollup for rollup in declared}
    best = sorted(known[1], key=lambda form: (form.ready_at is None, not is_current(form, titles)))
    standing = [stand_in(form.rollup, titles.get(form.title)) for form in best]
    return [rollup for rollup in standing if rollup]


def is_current(form: Form, titles: Mapping[str, Rollup]) -> bool:
    """Whether a form is what is declared."""
    declared = titles.get(form.title)
    return declared is not None and declared == replace(
        form.rollup, name=declared.name, form_of="", since=None, finer=declared.finer
    )


def stand_in(form: Rollup, declared: Rollup | None) -> Rollup | None:
    """The part of a form that means what is declared; None where it counts other rows."""
    if declared is None or (form.only, form.people) != (declared.only, declared.people):
        return None
    then, now = form.fact, declared.fact
    if (then.table, then.time) != (now.table, now.time):
        return None
    same = (name for name in form.measures if then.measures[name] == now.measures.get(name))
    return replace(form, fact=now, measures=tuple(same))
