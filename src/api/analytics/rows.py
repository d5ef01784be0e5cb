"""The shape of what each report answers."""

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Totals(BaseModel):
    """The headline numbers of the range."""

    visitors: int
    visits: int
    pageviews: int
    views_per_visit: float | None
    bounce_rate: float | None
    visit_duration: float | None
    """Mean seconds, bounces included."""


class SessionTotals(BaseModel):
    """All visits of the range together."""

    visits: int
    visitors: int
    mean_duration: float | None
    median_duration: float | None
    pages_per_visit: float | None
    bounce_rate: float | None


class Point(BaseModel):
    """One bucket of a series; `time` is its start."""

    time: datetime
    visitors: int
    visits: int
    pageviews: int
    events: int
    """Custom events."""
    bounce_rate: float | None
    visit_duration: float | None


class Page(BaseModel):
    """One page."""

    page: str
    pageviews: int
    visitors: int
    visits: int | None
    """In which it was viewed; with detail=true, or sorted by it."""
    entries: int
    exits: int
    bounce_rate: float | None
    """Of the visits that entered here."""
    exit_rate: float
    """Exits / page views."""
    engaged_seconds: float | None
    """Reported engaged seconds per page view; null when none were reported."""
    time_on_page: float | None
    """Mean seconds per page view, by gaps where none were reported; with detail=true."""


class Share(BaseModel):
    """One value of a dimension of visits."""

    value: str
    """'' when unknown (source: direct)."""
    visits: int
    visitors: int
    share: float
    """Of all visits in the range."""
    views_per_visit: float
    bounce_rate: float | None
    visit_duration: float


class Session(BaseModel):
    """One visit."""

    id: UUID
    started: datetime
    ended: datetime
    duration: float
    pageviews: int
    events: int
    """Custom events."""
    bounce: bool
    entry_page: str
    exit_page: str
    session_id: str | None
    channel: str
    source: str
    country: str
    browser: str
    os: str
    device: str
    path: list[str]


class Step(BaseModel):
    """One step of a funnel."""

    value: str | None
    """Of the dimension it is broken down by; null without one."""
    step: int
    label: str
    count: int
    share_of_first: float | None
    share_of_previous: float | None
    dropped: int
    """How many got to the step before and not to this one."""
    median_seconds: float | None
    """From the previous step, of those who got here; null for the first."""
    p90_seconds: float | None


class FunnelVisitor(BaseModel):
    """Somebody who got to a step of a funnel."""

    visitor_id: str
    user_id: str | None
    visit_id: UUID | None
    """Where visits walk the funnel."""
    reached: int
    """The last step they got to."""
    reached_at: datetime
    """When they first got there."""
    last_seen: datetime
    last_page: str
    """Of their last event in the range; engagement is none."""


class SessionsPoint(BaseModel):
    """The visits of one bucket of a series; `time` is its start."""

    time: datetime
    visits: int
    visitors: int
    mean_duration: float | None
    median_duration: float | None
    pages_per_visit: float | None
    bounce_rate: float | None


class SessionEvent(BaseModel):
    """One event of a visit."""

    id: UUID
    time: datetime
    name: str
    page: str
    title: str
    duration: float | None
    revenue: float | None
    currency: str | None
    props: dict[str, Any] | None
    seconds_to_next: float | None


class Link(BaseModel):
    """Visits that went from a page in one step to one in the next, as a Sankey diagram has it."""

    step: int
    page: str | None
    """Null for the pages that are not among the first at this step."""
    next_page: str | None
    """Null for such pages, and where the way ends."""
    ends: bool
    """Whether these visits had no next step."""
    visits: int


class Stage(BaseModel):
    """Visitors of one period; `time` is its start."""

    time: datetime
    new: int
    """Their first visit ever."""
    returning: int
    """In the period before, too."""
    resurrected: int
    """Not in the period before, but in an earlier one."""
    dormant: int | None
    """In the period before, and not in this one; null while this one is not over."""


class ActiveVisitors(BaseModel):
    """Distinct visitors of a day, and of the 7 and 30 days that end with it."""

    time: datetime
    dau: int
    wau: int
    mau: int
    dau_wau: float | None
    dau_mau: float | None


class Revenue(BaseModel):
    """Orders of visitors who came from one place, in one currency."""

    value: str
    currency: str
    revenue: float
    orders: int
    visitors: int
    average_order: float


class Segment(BaseModel):
    """The headline numbers of one of two segments."""

    segment: Literal["a", "b"]
    visitors: int
    visits: int
    pageviews: int
    views_per_visit: float | None
    bounce_rate: float | None
    visit_duration: float | None
    new_visitors: int
    returning_visitors: int
    shared_visitors: int
    """Visitors with visits in both."""


class GoalReached(BaseModel):
    """How often a goal was reached."""

    name: str
    conversions: int
    visitors: int
    visits: int
    conversion_rate: float | None
    """Visitors who reached it / all visitors of the range."""


class Cohort(BaseModel):
    """The visitors first seen in one period."""

    cohort: date
    size: int
    retained: list[int | None]
    rates: list[float | None]


class EventBucket(BaseModel):
    """Events of one name on one page in one time bucket."""

    time: datetime
    page: str
    name: str
    value: str | None
    """Of the dimension asked for."""
    count: int
    avg_duration: float | None


class CustomEvent(BaseModel):
    """Custom events of one name, or with one value of a property."""

    name: str
    value: str | None
    """Of the property asked for."""
    count: int
    visitors: int
    visits: int
    conversion_rate: float | None
    """Visitors who did this / all visitors of the range."""


class HeatmapCell(BaseModel):
    """Visits that began in one hour of the clock on one weekday; empty hours have no row."""

    weekday: int
    """1 is Monday."""
    hour: int
    visits: int
    visitors: int


class Bot(BaseModel):
    """One bot."""

    bot: str
    category: str
    events: int
    pages: int
    last_seen: datetime


Row = TypeVar("Row", bound=BaseModel)
Sum = TypeVar("Sum", bound=BaseModel)


class Comparison(BaseModel, Generic[Row, Sum]):
    """Totals and rows of the range to compare with."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    totals: Sum
    rows: list[Row]


class Answer(BaseModel, Generic[Row, Sum]):
    """What every report answers."""

    query: dict[str, Any]
    """The question as it was understood."""
    source: str
    """The tables that answered, e.g. rollup:traffic, visit."""
    totals: Sum
    rows: list[Row]
    comparison: Comparison[Row, Sum] | None = None
    """The same for the range to compare with, when one was asked for."""


class Timeline(BaseModel):
    """One visit from its first event to its last."""

    visit: Session
    events: list[SessionEvent]
