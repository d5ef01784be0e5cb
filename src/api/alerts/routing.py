"""/api/sites/{key}/alerts: the alert rules of a site, for its editors."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.alerts.deliver import rule_secret
from api.alerts.models import AlertRule, OccurrenceOut, RuleChange, RuleIn, RuleMade, RuleOut
from api.alerts.store import (
    change_rule,
    check_rule,
    drop_rule,
    occurrences_of,
    rule_of,
    rules_of,
    save_rule,
)
from api.auth.access import EditableSite, KnownCaller
from api.auth.application import AppDatabase, AppSettings
from api.errors import REFUSALS, Invalid
from api.submitted.receivers import Receivers
from api.submitted.routing import AppReceivers
from api.text import RowNumber

router = APIRouter(
    prefix="/api/sites/{key}/alerts", tags=["alerts"], responses={403: REFUSALS[403]}
)

MOST_LISTED = 100


async def rule_in_path(
    site: EditableSite,
    database: AppDatabase,
    number: Annotated[RowNumber, Path(description="The `id` of the rule.")],
) -> AlertRule:
    """The rule of the site with the number in the path. Raises NotFound."""
    return await rule_of(database, site, number)


SiteRule = Annotated[AlertRule, Depends(rule_in_path)]


@router.get("", name="list")
async def list_rules(site: EditableSite, database: AppDatabase) -> list[RuleOut]:
    """The alert rules of a site by name. Editors and above only."""
    return [rule_out(rule) for rule in await rules_of(database, site)]


@router.post("", name="create", status_code=201, responses={409: REFUSALS[409]})
async def create_rule(
    new: RuleIn,
    site: EditableSite,
    caller: KnownCaller,
    database: AppDatabase,
    settings: AppSettings,
    receivers: AppReceivers,
) -> RuleMade:
    """Makes an alert rule: a condition on the numbers of a site, and who is told when it is met. It
    is looked at every minute, and told once of each hour or day. Editors and above only."""
    problems = await check_rule(database, site, new, bool(settings.smtp_host))
    try:
        await check_webhook(receivers, new)
    except Invalid as error:
        problems += error.problems
    if problems:
        raise Invalid(problems=problems)
    rule = await save_rule(database, site, caller.account.number, new)
    secret = rule_secret(settings.secret, rule.number) if rule.webhook_url else None
    return RuleMade(**rule_out(rule).model_dump(), webhook_secret=secret)


async def check_webhook(receivers: Receivers, new: RuleIn) -> None:
    """Raises Invalid for a webhook that must not be called, and Unavailable."""
    if new.webhook:
        await receivers.check(new.webhook.url)


@router.patch("/{number}", name="change", responses={409: REFUSALS[409]})
async def patch_rule(change: RuleChange, rule: SiteRule, database: AppDatabase) -> RuleOut:
    """Changes an alert rule, or switches it off and on. What happened before is not told then.
    Editors and above only."""
    return rule_out(await change_rule(database, rule, change))


@router.delete("/{number}", name="delete", status_code=204)
async def delete_rule(rule: SiteRule, database: AppDatabase) -> None:
    """Deletes an alert rule with its occurrences. Messages that wait are not sent. Editors and
    above only."""
    await drop_rule(database, rule)


@router.get("/{number}/occurrences", name="occurrences")
async def list_occurrences(
    rule: SiteRule,
    database: AppDatabase,
    before: Annotated[
        RowNumber | None, Query(description="Only those with a lower `id`: the next page.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_LISTED, description="The most occurrences to return.")
    ] = 20,
) -> list[OccurrenceOut]:
    """The hours or days of the last year in which the condition of a rule was met, newest first,
    and how far the messages about them are. Editors and above only."""
    return await occurrences_of(database, rule, before, limit)


def rule_out(rule: AlertRule) -> RuleOut:
    """A rule as responses show it."""
    return RuleOut.model_validate(rule, from_attributes=True)
