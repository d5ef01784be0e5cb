"""What each report asks for beyond the common parameters."""

from typing import Literal, Self

from pydantic import Field, model_validator

from api.analytics.buckets import Interval
from api.analytics.query import Params
from api.analytics.steps import Text

MAX_STEPS = 10


class SeriesParams(Params):
    """A series over time."""

    interval: Interval = Field(Interval.HOUR, description="The width of a bucket.")


class PagesParams(Params):
    """Pages, all or some."""

    pages: list[Text] | None = Field(None, max_length=100, description="Only these pages.")


class PageReportParams(PagesParams):
    """Pages with their numbers."""

    detail: bool = Field(
        False, description="Also visits and time_on_page, which are counted from the events."
    )


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


STEPS = "Pages, patterns, event names, or objects in JSON."


class FunnelParams(Params):
    """Steps: pages (`/pricing`, `/blog/*`, `/docs/**`), names of events, or JSON objects."""

    step_fields = ("steps",)
    steps: list[Text] = Field([], max_length=MAX_STEPS, description=STEPS)
    pages: list[Text] = Field([], max_length=MAX_STEPS, description="Steps that are pages.")
    mode: Literal["ordered", "strict", "any"] = Field(
        "ordered", description="strict: nothing in between. any: in any order."
    )
    window: float = Field(
        7 * 24, gt=0, le=24 * 366, description="Hours from the first step to the last."
    )
    unit: Literal["visitor", "visit"] = Field("visitor", description="Who walks the funnel.")
    breakdown: str = Field("", max_length=50, description="A dimension of visits.")

    @model_validator(mode="after")
    def some_steps(self) -> Self:
        """One way of naming the steps, and at least one of them."""
        if bool(self.steps) == bool(self.pages):
            raise ValueError("give the steps of the funnel, as steps=… or as pages=…")
        return self

    @property
    def labels(self) -> list[str]:
        """The steps as they were asked for."""
        return self.pages or self.steps


class FunnelVisitorsParams(FunnelParams):
    """A funnel, and a step of it."""

    step: int = Field(1, ge=1, le=MAX_STEPS, description="The number of the step.")
    outcome: Literal["dropped", "reached"] = Field(
        "dropped", description="Who got there and no further, or all who got there."
    )

    @model_validator(mode="after")
    def a_step_of_it(self) -> Self:
        """The funnel has such a step."""
        if self.step > len(self.labels):
            raise ValueError(f"step: the funnel has {len(self.labels)} steps")
        return self


class RetentionParams(Params):
    """Cohorts and the periods after them."""

    step_fields = ("start", "return_")
    interval: Literal["day", "week", "month"] = Field("week", description="Width of a period.")
    periods: int = Field(8, ge=1, le=60, description="How many periods, the first included.")
    rolling: bool = Field(False, description="Count a return in the n-th period or later.")
    week_start: Literal["monday", "sunday"] = Field("monday", description="First day of a week.")
    start: Text | None = Field(
        None, description="The step that begins a visitor's time; default: the first visit ever."
    )
    return_: Text | None = Field(
        None, alias="return", description="The step that counts as coming back; default: a visit."
    )


class LifecycleParams(Params):
    """Periods in which visitors come, stay or stay away."""

    interval: Literal["day", "week", "month"] = Field("day", description="Width of a period.")


class RevenueParams(BreakdownParams):
    """Revenue by a dimension of where visits come from."""

    attribution: Literal["last", "first"] = Field(
        "last", description="The visit with the order, or the visitor's first visit ever."
    )


class SegmentsParams(Params):
    """Two segments, each a filter of its own."""

    filter_fields = ("filters", "a", "b")
    a: str = Field("", max_length=10_000, description="Filters of segment a, like filters.")
    b: str = Field("", max_length=10_000, description="Filters of segment b, like filters.")


class PathsParams(Params):
    """Ways through the site."""

    page: Text | None = Field(None, description="Begin (or end) at this page or pattern.")
    direction: Literal["from", "to"] = Field("from", description="Onwards, or backwards.")
    steps: int = Field(5, ge=2, le=7, description="How many pages of each way.")
