"""The question that somebody asks: site, range, time zone and the rest, checked once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator

from api.analytics.buckets import Interval, midnight
from api.analytics.dimensions import Dimension
from api.analytics.filters import NO_FILTER, Filter
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site

DEFAULT_HOURS = 24


LONGEST_RANGE = {
    Interval.MINUTE: timedelta(days=2),
    Interval.HOUR: timedelta(days=100),
    Interval.DAY: timedelta(days=366 * 6),
    Interval.WEEK: timedelta(days=366 * 40),
    Interval.MONTH: timedelta(days=366 * 40),
}
"""The longest range that may be asked for by interval; more is a picture nobody can read."""


class Format(StrEnum):
    """The form of an answer."""

    JSON = "json"
    CSV = "csv"


class Source(StrEnum):
    """Which tables may answer; for finding out, never needed for a right number."""

    AUTO = "auto"
    BASE = "base"


def known_timezone(name: str) -> str:
    """Refuses what is no IANA name."""
    if name not in available_timezones():
        raise ValueError("is not an IANA time zone name, e.g. Europe/Berlin")
    return name


Timezone = Annotated[str, AfterValidator(known_timezone)]


def moment(text: object) -> date | datetime:
    """A day (2026-03-29) or an instant (2026-03-29T02:30:00Z); which of the two it is matters."""
    try:
        assert isinstance(text, str)
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except (AssertionError, ValueError):
        raise ValueError("is neither an ISO date nor an ISO time") from None


Moment = Annotated[date | datetime, PlainValidator(moment, json_schema_input_type=str)]


class Params(BaseModel):
    """The parameters that every report understands."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    site: str = Field(DEFAULT_SITE, max_length=200, description="Key or domain of the site.")
    from_: Moment | None = Field(
        None, alias="from", description="Start: a local day, or an instant."
    )
    to: Moment | None = Field(
        None, description="End: a local day (included), or an instant (excluded)."
    )
    hours: int | None = Field(None, gt=0, le=24 * 366, description="The last so many hours.")
    days: int | None = Field(None, gt=0, le=366 * 40, description="The last so many local days.")
    timezone: Timezone | None = Field(None, description="IANA name; default: the site's.")
    filters: str = Field(
        "",
        max_length=10_000,
        description='JSON clauses that must all hold: [["is", "country", ["DE", "AT"]], …]. '
        "Operators: is, is_not, contains, contains_not, matches, matches_not, and, or, not.",
    )
    limit: int = Field(10, ge=1, le=1000, description="The most rows to return.")
    offset: int = Field(0, ge=0, le=100_000, description="Rows to leave out first.")
    format: Format = Field(Format.JSON, description="csv returns the rows only.")
    source: Source = Field(Source.AUTO, description="base answers without rollups.")

    @property
    def names_a_range(self) -> bool:
        """Whether the caller said anything about the range."""
        return not (self.hours is None and self.days is None and self.from_ is None)

    @model_validator(mode="after")
    def one_range(self) -> "Params":
        """The range is said in one way."""
        ways = [self.hours is not None, self.days is not None, bool(self.from_ or self.to)]
        if sum(ways) > 1:
            raise ValueError("give one of: hours, days, or from and to")
        if self.to is not None and self.from_ is None:
            raise ValueError("to needs a from")
        return self


@dataclass(frozen=True, slots=True)
class Query:
    """A checked question about one site over [lower, upper)."""

    site: Site
    lower: datetime
    upper: datetime
    timezone: str
    now: datetime
    params: Params
    starts: Sequence[datetime] = ()
    """Of the buckets of a series; without one there are none."""
    dimension: Dimension | None = None
    filter: Filter = NO_FILTER
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """What this report's SQL needs beyond site, range and page of rows."""

    @property
    def sql_values(self) -> dict[str, Any]:
        """Everything a .sql file may bind."""
        return {
            "site": self.site.number,
            "lower": self.lower,
            "upper": self.upper,
            "timezone": self.timezone,
            "now": self.now,
            "starts": list(self.starts),
            "limit": self.params.limit,
            "offset": self.params.offset,
            **self.values,
        }

    @property
    def normalised(self) -> dict[str, Any]:
        """The question as understood, for the answer."""
        asked = self.params.model_dump(
            mode="json",
            exclude={"site", "from_", "to", "hours", "days", "timezone", "format", "source"},
        )
        return {
            "site": self.site.key,
            "from": self.lower,
            "to": self.upper,
            "timezone": self.timezone,
            **asked,
        }


def range_of(params: Params, timezone: str, now: datetime) -> tuple[datetime, datetime]:
    """The instants [lower, upper) that the parameters mean in this time zone.

    Raises ValueError when the range ends before it starts.
    """
    zone = ZoneInfo(timezone)
    if params.from_ is not None:
        lower = instant(params.from_, zone)
        upper = now if params.to is None else instant(params.to, zone, end=True)
    elif params.days is not None:
        today = now.astimezone(zone).date()
        lower, upper = midnight(today - timedelta(days=params.days - 1), zone), now
    else:
        lower, upper = now - timedelta(hours=params.hours or DEFAULT_HOURS), now
    if lower >= upper:
        raise ValueError("the range ends before it starts")
    return lower, upper


def instant(value: date | datetime, zone: ZoneInfo, end: bool = False) -> datetime:
    """A day as its local midnight (or the next, when it ends a range); an instant as it is."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    return midnight(value + timedelta(days=1) if end else value, zone)
