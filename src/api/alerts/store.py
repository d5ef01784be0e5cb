"""The alert rules of a site: read, made, changed and deleted."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import delete, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from api.alerts.conditions import CONDITIONS
from api.alerts.models import AlertRule, OccurrenceOut, RuleChange, RuleIn, RuleKind
from api.alerts.statements import SQL, execute
from api.analytics.goals.store import goals_of
from api.db.database import Database
from api.errors import Conflict, Invalid, NotFound, Problem
from api.events.write.sql import Connection
from api.sites.models import Site, utc_now

MOST_RULES = 50
"""How many rules a site has at most."""

KEPT_DAYS = 365
"""For how many days occurrences are kept."""


async def rules_of(database: Database, site: Site) -> Sequence[AlertRule]:
    """The rules of a site by name."""
    wanted = select(AlertRule).where(AlertRule.site_id == site.number).order_by(AlertRule.name)
    async with database.session() as session:
        return (await session.execute(wanted)).scalars().all()


async def rule_of(database: Database, site: Site, number: int) -> AlertRule:
    """One rule of a site. Raises NotFound."""
    async with database.session() as session:
        found = await session.get(AlertRule, number)
    if found is None or found.site_id != site.id:
        raise no_rule()
    return found


def no_rule() -> NotFound:
    """The refusal of a rule that the site does not have."""
    return NotFound("There is no such alert rule.")


async def check_rule(
    database: Database, site: Site, new: RuleIn, sends_mail: bool
) -> list[Problem]:
    """All that is wrong with a new rule of a site."""
    return [
        *problems_of_kind(new),
        *(await problems_of_goal(database, site, new)),
        *(await problems_of_receivers(database, site, new, sends_mail)),
    ]


def problems_of_kind(new: RuleIn) -> list[Problem]:
    """What the kind of a rule needs and lacks, or has and does not take."""
    needs = CONDITIONS[new.kind].needs
    found: list[Problem] = []
    for name in ("goal", "currency"):
        is_given = getattr(new, name) is not None
        if is_given != (name == needs):
            found.append(Problem(name, f"is {'not taken' if is_given else 'needed'} by {new.kind}"))
    return found + problems_of_threshold(new.kind, new.threshold)


def problems_of_threshold(kind: RuleKind, threshold: float) -> list[Problem]:
    """What is wrong with the threshold of a rule of this kind."""
    limits = CONDITIONS[kind].limits
    if limits is None or limits[0] <= threshold <= limits[1]:
        return []
    least, most = limits
    return [Problem("threshold", f"must be from {least:g} to {most:g} for {kind}")]


async def problems_of_goal(database: Database, site: Site, new: RuleIn) -> list[Problem]:
    if new.goal is None or CONDITIONS[new.kind].needs != "goal":
        return []
    names = [goal.name for goal in await goals_of(database, site)]
    return [] if new.goal in names else [Problem("goal", "is no goal of the site", names)]


async def problems_of_receivers(
    database: Database, site: Site, new: RuleIn, sends_mail: bool
) -> list[Problem]:
    if new.email_to and not sends_mail:
        return [Problem("email_to", "must be empty: this installation has no SMTP_HOST")]
    asked = {"accounts": new.email_to, "site": site.number}
    readers = {row["id"] for row in await database.rows(SQL / "readers.sql", asked)}
    return [
        Problem(f"email_to.{place}", "is no member of the site")
        for place, account in enumerate(new.email_to)
        if account not in readers
    ]


async def save_rule(database: Database, site: Site, account: int, new: RuleIn) -> AlertRule:
    """Makes a rule. Raises Conflict for a name that is taken, and when there are too many."""
    rule = AlertRule(
        site_id=site.number,
        created_by=account,
        webhook_url=new.webhook and new.webhook.url,
        **new.model_dump(exclude={"webhook", "email_to"}),
        email_to=list(dict.fromkeys(new.email_to)),
    )
    async with named_once(database, new.name) as session:
        await refuse_surplus(session, site)
        session.add(rule)
    return rule


async def change_rule(database: Database, rule: AlertRule, change: RuleChange) -> AlertRule:
    """Changes a rule. Another request may change it at the same time, or delete it: what is not
    asked for stays as it is then. Raises Invalid, Conflict and NotFound."""
    given = {field: value for field, value in change.model_dump().items() if value is not None}
    threshold = given.get("threshold", rule.threshold)
    if problems := problems_of_threshold(RuleKind(rule.kind), threshold):
        raise Invalid(problems=problems)
    async with named_once(database, change.name or rule.name) as session:
        found = await session.get(AlertRule, rule.number, with_for_update={"key_share": True})
        if found is None:
            raise no_rule()
        found.sqlmodel_update(given | {"active_since": utc_now()})
    return found


@asynccontextmanager
async def named_once(database: Database, name: str) -> AsyncGenerator[AsyncSession]:
    """A transaction. Raises Conflict when it takes a name that the site has used already."""
    try:
        async with database.session() as session:
            yield session
    except IntegrityError as error:
        raise Conflict(f"There is an alert rule {name!r} already.") from error


async def refuse_surplus(session: AsyncSession, site: Site) -> None:
    """Raises Conflict when a site has all rules that it may. One request of a site at a time makes
    a rule: two that count at once would both find room."""
    await session.execute(select(Site.id).where(Site.id == site.id).with_for_update(key_share=True))
    stored = select(func.count()).where(AlertRule.site_id == site.number)
    if (await session.execute(stored)).scalar_one() >= MOST_RULES:
        raise Conflict(f"A site has at most {MOST_RULES} alert rules.")


async def drop_rule(database: Database, rule: AlertRule) -> None:
    """Deletes a rule with its occurrences. Messages that wait are not sent."""
    async with database.session() as session:
        await session.execute(delete(AlertRule).where(col(AlertRule.id) == rule.id))


async def occurrences_of(
    database: Database, rule: AlertRule, before: int | None, limit: int
) -> list[OccurrenceOut]:
    """The occurrences of a rule, newest first; those with a lower number than `before`."""
    asked = {"rule": rule.number, "before": before, "limit": limit}
    rows = await database.rows(SQL / "occurrences.sql", asked)
    return [OccurrenceOut.model_validate(row) for row in rows]


async def delete_old_occurrences(connection: Connection, before: datetime) -> None:
    """Deletes occurrences older than this time, with the messages about them."""
    await execute(connection, "delete_old", {"before": before})
