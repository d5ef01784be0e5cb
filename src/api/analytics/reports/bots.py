"""The bots report: automated traffic, which no other report counts."""

from api.analytics.columns import Row
from api.analytics.query import Params, Ranked
from api.analytics.question import single
from api.analytics.report import Report
from api.instants import Instant


class BotsParams(Ranked, Params):
    """Parameters: which rows to list. Bots cannot be filtered: they have no visits."""


class Bot(Row):
    """One bot."""

    bot: str
    """Its name."""
    category: str
    """What it is for, e.g. search."""
    events: int
    """Its requests that were sent as events."""
    pages: int
    """How many different pages it read."""
    last_seen: Instant
    """The time of its latest event in the range."""


BOTS = Report(
    "bots",
    "Bots, kept apart from visitors",
    BotsParams,
    single(Bot, "reports/bots.sql", "bot_event"),
    orders=("events", "pages", "bot", "last_seen"),
)
