"""What each report asks for beyond the common parameters, and the shape of its rows."""

from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.analytics.buckets import Interval
from api.analytics.query import Params

MAX_STEPS = 10


def plain_text(value: str) -> str:
    """PostgreSQL text knows no NUL and no half characters."""
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must be text without NUL or half characters")
    return value


Text = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(plain_text)]


class SeriesParams(Params):
    """A series over time."""

    interval: Interval = Field(Interval.HOUR, description="The width of a bucket.")


class PagesParams(Params):
    """Pages, all or some."""

    pages: list[Text] | None = Field(None, max_length=100, description="Only these pages.")


class BreakdownParams(Params):
    """A breakdown by one dimension."""

    dimension: str = Field("", max_length=50, description="What to break down by.")


class CustomEventsParams(Params):
    """Custom events, by name or by a property's values."""

    name: Text | None = Field(None, description="Only events of this name.")
    property: Text | None = Field(None, description="Break down by this property's values.")


class EventsParams(SeriesParams, PagesParams, BreakdownParams):
    """Events in time buckets."""

    limit: int = Field(1000, ge=1, le=10_000, description="The most rows to return.")


class FunnelParams(Params):
    """Steps: pages (`/pricing`, `/blog/*`, `/docs/**`) or names of events."""

    steps: list[Text] = Field([], max_length=MAX_STEPS, description="Pages or event names.")
    pages: list[Text] = Field([], max_length=MAX_STEPS, description="Steps that are pages.")
    window: float = Field(
        7 * 24, gt=0, le=24 * 366, description="Hours from the first step to the last."
    )
    unit: Literal["visitor", "visit"] = Field("visitor", description="Who walks the funnel.")

    @model_validator(mode="after")
    def some_steps(self) -> Self:
        """One way of naming the steps, and at least one of them."""
        if bool(self.steps) == bool(self.pages):
            raise ValueError("give the steps of the funnel, as steps=… or as pages=…")
        return self


class RetentionParams(Params):
    """Cohorts and the periods after them."""

    interval: Literal["day", "week", "month"] = Field("week", description="Width of a period.")
    periods: int = Field(8, ge=1, le=60, description="How many periods, the first included.")
    rolling: bool = Field(False, description="Count a return in the n-th period or later.")
    week_start: Literal["monday", "sunday"] = Field("monday", description="First day of a week.")


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
    visits: int
    entries: int
    exits: int
    bounce_rate: float | None
    """Of the visits that entered here."""
    engaged_seconds: float | None
    """Reported engaged seconds per page view; null when none were reported."""


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
