"""Makes views, functions and stored rows what facts and rollups declare."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, LiteralString, cast

from psycopg import AsyncConnection, sql
from psycopg.types.json import Jsonb

from api.db.change_log import stop_logging
from api.db.engine import Engine
from api.db.forms import GRACE, Form, stored_forms, words_of
from api.db.refresh import hold_writers
from api.db.rollup import (
    Fact,
    Rollup,
    alias_sql,
    drop_stored_sql,
    fact_function_sql,
    fact_view_sql,
    rollup_function_sql,
    rollup_view_sql,
    stored_sql,
)

log = logging.getLogger("analytics.rollups")

Connection = AsyncConnection[Any]

SYNC_LOCK = 20261125


async def sync_rollups(
    connection: Connection, engine: Engine, facts: Sequence[Fact], rollups: Sequence[Rollup]
) -> None:
    """Makes the database match the declarations. Does nothing where it does already; a rollup
    whose stored rows would be other ones gets a new form (see forms)."""
    fingerprint = fingerprint_of(engine, facts, rollups)
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        if await synced_fingerprint(connection, facts[0]) == fingerprint:
            return
        forms = await sync_forms(connection, engine, rollups)
        for form in forms:
            for index in form.index_sql:
                await connection.execute(index)
        for form in await stored_forms(connection):
            if form.native != engine.continuous_aggregates:
                await hold_writers(connection)
                await stop_logging(connection, form.rollup)
        for fact in facts:
            await drop_readers(connection, fact.name)
            await connection.execute(fact_view_sql(fact))
            await connection.execute(fact_function_sql(fact))
        for form in forms:
            await create_readers(connection, form)
        # Last, and in the same transaction: what it says is there must all be there.
        await connection.execute(
            sql.SQL("comment on view {} is {}").format(
                sql.Identifier(facts[0].name), sql.Literal(fingerprint)
            )
        )


def fingerprint_of(engine: Engine, facts: Sequence[Fact], rollups: Sequence[Rollup]) -> str:
    """Changes with any view, function or stored table that is declared."""
    texts = [fact_view_sql(fact) + fact_function_sql(fact) for fact in facts]
    texts += [
        stored_sql(rollup, engine) + rollup_function_sql(rollup) + rollup_view_sql(rollup)
        for rollup in rollups
    ]
    texts += [index for rollup in rollups for index in rollup.index_sql]
    return hashlib.sha256("".join(texts).encode()).hexdigest()


async def synced_fingerprint(connection: Connection, fact: Fact) -> str | None:
    """The fingerprint of what is there: a comment on the first of the views."""
    cursor = await connection.execute(
        "select obj_description(to_regclass(%s), 'pg_class')", [fact.name]
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def drop_readers(connection: Connection, name: LiteralString) -> None:
    """Drops the view and the function; they hold no data."""
    await connection.execute(
        f"drop function if exists {name}(integer, timestamptz, timestamptz) cascade"
    )
    await connection.execute(f"drop view if exists {name} cascade")


async def sync_forms(
    connection: Connection, engine: Engine, rollups: Sequence[Rollup]
) -> Sequence[Rollup]:
    """The forms of all of them. One that reads from a finer rollup reads the form of that."""
    forms: dict[str, Rollup] = {}
    for rollup in rollups:
        finer = forms[rollup.finer.name] if rollup.finer else None
        made = replace(rollup, finer=finer)
        forms[rollup.name] = await sync_form(connection, engine, made)
    return list(forms.values())


async def sync_form(connection: Connection, engine: Engine, rollup: Rollup) -> Rollup:
    """The form in which the declared rollup is stored: what fits is kept, else there is a new one,
    empty, beside the old."""
    fingerprint = rollup.fingerprint(engine)
    await drop_unknown(connection, engine, rollup, fingerprint)
    forms = [form for form in await known_forms(connection) if form.title == rollup.name]
    for form in forms:
        if form.fingerprint == fingerprint:
            return await declare(connection, rollup, form.name)
    if forms:
        log.warning("rollup %s is declared anew and filled beside its old form", rollup.name)
    is_taken = any(form.name == rollup.name for form in forms)
    name = f"{rollup.name}_{fingerprint[:8]}" if is_taken else rollup.name
    return await create_form(connection, engine, rollup, name)


@dataclass(frozen=True, slots=True)
class Known:
    """What the state says of a form."""

    name: str
    title: str
    fingerprint: str


async def known_forms(connection: Connection) -> list[Known]:
    """The forms there are, by what they are forms of."""
    cursor = await connection.execute(
        "select name, coalesce(nullif(declaration ->> 'form_of', ''), name), fingerprint"
        " from rollup_state order by name"
    )
    return [Known(*row) for row in await cursor.fetchall()]


async def drop_unknown(
    connection: Connection, engine: Engine, rollup: Rollup, fingerprint: str
) -> None:
    """Drops stored rows from before declarations were kept, which nobody can read any more."""
    cursor = await connection.execute(
        "select from rollup_state where name = %s and declaration is null and fingerprint <> %s",
        [rollup.name, fingerprint],
    )
    if cursor.rowcount:
        await drop_form(connection, rollup, native=engine.continuous_aggregates)


async def declare(connection: Connection, rollup: Rollup, name: str) -> Rollup:
    """Notes what a form is made of; the rollup under the name of the form."""
    form = named(rollup, name)
    await connection.execute(
        "update rollup_state set declaration = %s where name = %s",
        [Jsonb(words_of(form)), name],
    )
    return form


def named(rollup: Rollup, name: str) -> Rollup:
    """A rollup under the name of one of its forms, which is made of its own and a fingerprint."""
    form_of = "" if name == rollup.name else rollup.name
    return replace(rollup, name=cast(LiteralString, name), form_of=form_of)


async def create_form(connection: Connection, engine: Engine, rollup: Rollup, name: str) -> Rollup:
    """Creates a form of a rollup, empty. It cannot know what raw data no longer tells."""
    form = named(rollup, name)
    await connection.execute(stored_sql(form, engine))
    await connection.execute(
        "insert into rollup_state (name, source, width, watermark, fingerprint, since, is_logged)"
        " values (%s, %s, %s, '-infinity', %s,"
        " coalesce((select max(kept_since) from site), '-infinity'), true)",
        [name, form.fact.table, form.width, rollup.fingerprint(engine)],
    )
    return await declare(connection, rollup, name)


async def create_readers(connection: Connection, form: Rollup) -> None:
    """The function and the view of a form; under the declared name, too, when that is free."""
    await drop_readers(connection, form.name)
    await connection.execute(rollup_function_sql(form))
    await connection.execute(rollup_view_sql(form))
    taken = [known for known in await known_forms(connection) if known.name == form.title]
    if not taken:
        await drop_readers(connection, form.title)
        await connection.execute(alias_sql(form))


async def retire_forms(
    connection: Connection, engine: Engine, rollups: Sequence[Rollup], now: datetime
) -> int:
    """Drops the forms that nobody needs any more. Returns how many."""
    dropped = 0
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '500ms'")
        await connection.execute("select pg_advisory_xact_lock(%s)", [SYNC_LOCK])
        forms = await stored_forms(connection)
        current = {
            form.title: form
            for form in forms
            for rollup in rollups
            if form.title == rollup.name and form.fingerprint == rollup.fingerprint(engine)
        }
        needed = read_by_others(forms)
        for form in (form for form in forms if form.rollup.name not in needed):
            successor = current.get(form.title)
            if successor and successor is not form and is_needless(form, successor, now):
                await drop_form(connection, form.rollup, form.native)
                await create_readers(connection, successor.rollup)
                log.warning("rollup %s: the new form took the place of the old", form.title)
                dropped += 1
    return dropped


def read_by_others(forms: Sequence[Form]) -> set[str]:
    """The names of the forms that wider ones are read from."""
    return {form.rollup.finer.name for form in forms if form.rollup.finer}


def is_needless(old: Form, new: Form, now: datetime) -> bool:
    """Whether an old form has nothing that the new one lacks, and nobody has it in mind."""
    then, since = old.rollup.since, new.rollup.since
    remembers_more = since is not None and (then is None or then < since)
    filled = new.ready_at is not None and new.ready_at <= now - GRACE
    return filled and not remembers_more


async def drop_form(connection: Connection, form: Rollup, native: bool) -> None:
    """Drops a form with everything that belongs to it."""
    await drop_readers(connection, form.name)
    await connection.execute(drop_stored_sql(form, native))
    await connection.execute("delete from rollup_state where name = %s", [form.name])
