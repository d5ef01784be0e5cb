"""Alert rules and their occurrences: as rows of the database, in requests and in responses."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, StringConstraints
from pydantic import Field as Limited
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from api.analytics.vocabulary.steps import Name
from api.instants import Instant
from api.schema import Record
from api.sites.models import utc_now
from api.submitted.models import WebhookIn
from api.text import RowNumber, refuse_unstorable

MOST_ACCOUNTS = 20

USUAL_MINIMUM = 10


class RuleKind(StrEnum):
    """What a rule watches (see conditions.CONDITIONS)."""

    TRAFFIC_SPIKE = "traffic_spike"
    TRAFFIC_DROP = "traffic_drop"
    ANOMALY = "anomaly"
    GOAL_REACHED = "goal_reached"
    NOT_FOUND = "not_found"
    REVENUE_ABOVE = "revenue_above"
    REVENUE_BELOW = "revenue_below"


class Per(StrEnum):
    """The width of the windows that a rule looks at, in the time zone of the site."""

    HOUR = "hour"
    DAY = "day"


class AlertRule(SQLModel, table=True):
    """A condition on the numbers of a site."""

    __tablename__ = "alert_rule"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    site_id: int
    created_by: int | None = Field(default=None, sa_type=BigInteger)
    name: str
    kind: str
    threshold: float
    minimum: int
    per: str
    goal: str | None = None
    currency: str | None = None
    tells_editors: bool = True
    email_to: list[int] = Field(default_factory=list, sa_type=ARRAY(BigInteger))  # pyright: ignore[reportArgumentType]
    """The numbers of accounts that get an e-mail, as long as they may read the site."""
    webhook_url: str | None = None
    is_active: bool = True
    active_since: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )
    """Since when it is as it is now: windows before are not looked at."""
    created_at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),  # pyright: ignore[reportArgumentType]
    )

    @property
    def number(self) -> int:
        """The id of a stored rule."""
        assert self.id is not None
        return self.id


class AlertOccurrence(SQLModel, table=True):
    """A window in which the condition of a rule was met."""

    __tablename__ = "alert_occurrence"  # pyright: ignore[reportAssignmentType]

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    rule_id: int = Field(sa_type=BigInteger)
    starts_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]
    value: float
    expected: float | None = None
    fired_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


Threshold = Annotated[float, Limited(gt=0, le=1e15, allow_inf_nan=False)]
Minimum = Annotated[int, Limited(ge=1, le=10**9)]
Currency = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{3}$"),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(refuse_unstorable),
]


class RuleIn(Record):
    """A rule to make."""

    model_config = ConfigDict(extra="forbid")

    name: Title
    """What it is called; no other rule of the site may have the name."""
    kind: RuleKind
    """What it watches: `traffic_spike` and `traffic_drop` compare visits with the median of the
    same hour or day of the four weeks before, `anomaly` asks the report anomalies about visits,
    `goal_reached` counts conversions of a goal, `not_found` pages that were not found,
    `revenue_above` and `revenue_below` add up revenue."""
    threshold: Threshold
    """From where on it is met. Of traffic: by how many percent it differs, at most 100 for a drop.
    Of an anomaly: the score, up or down, from 1 to 100; the report takes 4. Of a goal and of pages
    not found: how many. Of revenue: the amount, in the currency."""
    per: Per = Per.HOUR
    """Of which windows: hours or days, in the time zone of the site."""
    minimum: Minimum = USUAL_MINIMUM
    """Of traffic: how many visits make a spike at least, and how many have to be usual where fewer
    are a drop. Of an anomaly: how many visits there have to be, or to be usual. Without meaning for
    other kinds."""
    goal: Name | None = None
    """The name of a goal of the site, for `goal_reached`; else null."""
    currency: Currency | None = None
    """ISO 4217, for `revenue_above` and `revenue_below`; else null."""
    tells_editors: bool = True
    """Whether the editors, admins and owners of the site get a notification."""
    email_to: Annotated[list[RowNumber], Limited(max_length=MOST_ACCOUNTS)] = Limited(
        default_factory=list
    )
    """The numbers of accounts that get an e-mail: members of the site, or superusers."""
    webhook: WebhookIn | None = None
    """Where a signed message is sent; null for nowhere."""


class RuleChange(Record):
    """What to change of a rule; what is null stays. It then begins anew: what happened before is
    not told."""

    model_config = ConfigDict(extra="forbid")

    name: Title | None = None
    """What it is called."""
    threshold: Threshold | None = None
    """From where on it is met."""
    minimum: Minimum | None = None
    """Of traffic: how many visits make a spike at least, and how many have to be usual."""
    is_active: bool | None = None
    """Whether it is looked at."""


class RuleOut(Record):
    """An alert rule."""

    id: int
    """Its number, by which it is changed and deleted."""
    name: str
    """What it is called."""
    kind: RuleKind
    """What it watches."""
    threshold: float
    """From where on it is met: percent, a score, a number, or an amount in the currency."""
    per: Per
    """Of which windows."""
    minimum: int
    """Of traffic: how many visits make a spike at least, and how many have to be usual."""
    goal: str | None
    """The name of the goal; null for other kinds."""
    currency: str | None
    """ISO 4217; null for other kinds."""
    tells_editors: bool
    """Whether the editors, admins and owners of the site get a notification."""
    email_to: list[int]
    """The numbers of accounts that get an e-mail, as long as they may read the site."""
    webhook_url: str | None
    """Where a signed message is sent; null for nowhere."""
    is_active: bool
    """Whether it is looked at."""
    created_at: Instant
    """When it was made."""


class RuleMade(RuleOut):
    """A rule that was made just now."""

    webhook_secret: str | None
    """The secret with which its messages are signed (Standard Webhooks, `whsec_…`). Only this
    response tells it. Null without a webhook."""


class DeliveryOut(Record):
    """A message about an occurrence."""

    account: int | None
    """The number of the account that gets an e-mail; null for the webhook."""
    calls: int
    """How often it has been sent."""
    next_call_at: Instant | None
    """When it is sent next; null when it is not sent again."""
    delivered_at: Instant | None
    """When the receiver accepted it; null until then."""


class OccurrenceOut(Record):
    """A window in which the condition of a rule was met."""

    id: int
    """Its number: later ones have higher numbers."""
    starts_at: Instant
    """When the window begins."""
    ends_at: Instant
    """When it ends."""
    value: float
    """What was counted, when the condition was found to be met: visits, conversions, pages, or the
    amount in the currency."""
    expected: float | None
    """Of traffic and anomalies: the median of the weeks before, in visits; else null."""
    fired_at: Instant
    """When the condition was found to be met."""
    deliveries: list[DeliveryOut]
    """The messages that tell of it, beside notifications."""
