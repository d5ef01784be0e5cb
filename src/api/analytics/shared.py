"""What a share link may ask: numbers of its site, with its filters, and nobody one by one. And what
only members of the site see: the ids of users, which are personal data, and of sessions, to whose
visits whoever knows them may add events."""

import json
from collections.abc import Iterator
from typing import Any

from api.analytics.query import Compare, Compared, Filtered, P
from api.analytics.report import Report
from api.analytics.vocabulary.filters import parse_clauses
from api.auth.access import is_member
from api.auth.callers import Caller
from api.db.database import Database
from api.errors import Forbidden
from api.sites.models import Site

ONE_BY_ONE = {"sessions", "funnel/visitors", "rfm/customers", "churn"}
"""The reports whose rows are visits or visitors."""


SENT_IDS = frozenset({"user_id", "session_id"})


async def hidden_from(database: Database, caller: Caller, site: Site) -> frozenset[str]:
    """The columns of a site's reports whose values a caller does not see."""
    return frozenset() if await is_member(database, caller, site) else SENT_IDS


def limited(caller: Caller, report: Report[P], params: P) -> P:
    """The parameters of a report as this caller may ask for it: those of a share link get its
    filters. Raises Forbidden for a report that share links do not have."""
    if caller.share is None:
        return params
    if report.name in ONE_BY_ONE:
        raise Forbidden("A share link does not show visits and visitors one by one.")
    if not caller.share.filters:
        return params
    if not isinstance(params, Filtered):
        raise Forbidden("This link has filters, which this report cannot have.")
    forced = {
        name: json.dumps(with_filters(caller.share.filters, asked))
        for name, asked in filters_in(params)
    }
    return params.model_copy(update=forced)


def filters_in(params: Filtered) -> Iterator[tuple[str, str]]:
    """The filters of what is asked for and of the segment that it is compared with, if it is with
    one."""
    yield "filters", params.filters
    if isinstance(params, Compared) and params.compare is Compare.SEGMENT:
        yield "compare_filters", params.compare_filters


def with_filters(forced: list[Any], asked: str) -> list[Any]:
    """These clauses, and those that were asked for: all must hold. Raises Invalid."""
    return [*forced, ["and", parse_clauses(asked)]] if asked else forced
