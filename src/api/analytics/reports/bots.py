"""The bots report: automated traffic, which no other report counts."""

from datetime import datetime

from pydantic import BaseModel

from api.analytics.query import Params
from api.analytics.question import single
from api.analytics.report import Report


class Bot(BaseModel):
    """One bot."""

    bot: str
    category: str
    events: int
    pages: int
    last_seen: datetime


BOTS = Report(
    "bots",
    "Bots, kept apart from visitors",
    Params,
    single(Bot, "reports/bots.sql", "bot_event"),
    orders=("events", "pages", "bot", "last_seen"),
)
