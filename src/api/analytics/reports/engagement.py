"""The engagement reports: what people use, and on how many days they come."""

from pydantic import Field

from api.analytics.columns import Ratio, Row, Seconds
from api.analytics.query import Filtered, OfPeople, Paged, Params, Ranked, Totalled
from api.analytics.question import single
from api.analytics.report import Report


class EngagementParams(OfPeople, Ranked, Totalled, Filtered, Params):
    """Parameters: whether people are visitors or users, which events to list, and filters."""


class FrequencyParams(OfPeople, Paged, Filtered, Params):
    """Parameters: whether people are visitors or users, and filters."""

    limit: int = Field(100, ge=1, le=1000, description="The most rows to return.")


class Feature(Row):
    """A custom event as something that people use: those with a visit that begins in the range."""

    name: str
    """The name of the event."""
    people: int
    """How many of them used it in the range."""
    adoption: Ratio
    """The same / all of them."""
    custom_events: int
    """How often they used it."""
    events_per_person: float
    """The same / the people who used it."""
    new_people: int
    """How many of the people who used it had their first visit ever in the range."""
    first_use_seconds: Seconds | None
    """Median seconds from the first visit ever of these to their first use; null without any."""


class EngagementTotals(Row):
    """How often people came in the range, and for how long."""

    people: int
    """Visitors, or users, with a visit that begins in the range."""
    visits: int
    active_days: float | None
    """Mean local days on which a visit of theirs begins."""
    median_active_days: float | None
    """Half of them came on no more days than this."""
    visits_per_person: float | None
    """Visits / people."""
    visit_duration_seconds: Seconds | None
    median_seconds: Seconds | None
    """Median seconds of all visits of a person together."""
    seconds_per_active_day: Seconds | None
    """Seconds of all visits / active days of all people."""


class ActiveDays(Row):
    """The people who came on the same number of days."""

    active_days: int
    """Local days of the range on which a visit of theirs begins."""
    people: int
    """How many people."""
    share: Ratio
    """The same / all people."""
    visits: int
    visit_duration_seconds: Seconds | None


ENGAGEMENT = Report(
    "engagement",
    "What people use, and how often they come",
    EngagementParams,
    single(Feature, "reports/engagement.sql", "event", "visit"),
    single(EngagementTotals, "reports/engagement_totals.sql", "visit"),
    orders=(
        "people",
        "adoption",
        "custom_events",
        "events_per_person",
        "first_use_seconds",
        "name",
    ),
)

ENGAGEMENT_FREQUENCY = Report(
    "engagement/frequency",
    "On how many days people come",
    FrequencyParams,
    single(ActiveDays, "reports/engagement_frequency.sql", "visit"),
)
