"""A query: one validated request for a report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.analytics.time.moments import MOMENTS, Moment
from api.analytics.vocabulary.dimensions import Dimension
from api.analytics.vocabulary.filters import NO_FILTER, OPERATOR_NAMES, Filter
from api.analytics.vocabulary.ranking import Order
from api.analytics.vocabulary.steps import Step
from api.instants import instant_text
from api.rollups.definitions import ROLLUPS
from api.rollups.model import Rollup
from api.sites.directory import DEFAULT_SITE
from api.sites.models import Site
from api.text import PlainText


class Format(StrEnum):
    """The format of a response."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class Engine(StrEnum):
    """Which tables may answer. The numbers are the same; `base` helps to prove that."""

    AUTO = "auto"
    BASE = "base"


class Compare(StrEnum):
    """What an answer is compared with: another range, or other visits of the same range."""

    PREVIOUS = "previous"
    PREVIOUS_WEEKDAYS = "previous_weekdays"
    YEAR = "year"
    YEAR_WEEKDAYS = "year_weekdays"
    CUSTOM = "custom"
    SEGMENT = "segment"


# "localtime" is Python's name for the zone of its own machine; PostgreSQL has no such zone.
TIMEZONES = frozenset(available_timezones() - {"localtime"})


def iana_name(name: str) -> str:
    if name not in TIMEZONES:
        raise ValueError("is not an IANA time zone name, e.g. Europe/Berlin")
    return name


Timezone = Annotated[str, AfterValidator(iana_name)]


Period = Literal[
    "today", "yesterday", "7d", "28d", "30d", "90d", "6mo", "12mo", "mtd", "lastmonth", "ytd", "all"
]


class RangeParams(BaseModel):
    """A site and a range of time. Without a range it is the last 24 hours."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    site: PlainText = Field(DEFAULT_SITE, max_length=200, description="Key or domain of the site.")
    from_: Moment | None = Field(None, alias="from", description=f"Start: {MOMENTS}.")
    to: Moment | None = Field(
        None, description=f"End: {MOMENTS}. A day is included, an instant is not."
    )
    hours: int | None = Field(None, gt=0, le=24 * 366, description="The last so many hours.")
    days: int | None = Field(None, gt=0, le=366 * 40, description="The last so many local days.")
    period: Period | None = Field(None, description="A period by name, in local days.")
    timezone: Timezone | None = Field(None, description="IANA name; default: the site's.")

    @model_validator(mode="before")
    @classmethod
    def leave_out_empty(cls, given: dict[str, Any]) -> dict[str, Any]:
        optional = {
            field.alias or name for name, field in cls.model_fields.items() if field.default is None
        }
        return {
            name: value
            for name, value in given.items()
            if name not in optional or value not in ("", [""])
        }

    @property
    def names_a_range(self) -> bool:
        ways = (self.hours, self.days, self.period, self.from_)
        return any(way is not None for way in ways)

    @model_validator(mode="after")
    def refuse_unclear_ranges(self) -> Self:
        ways = (self.hours, self.days, self.period, self.to if self.from_ is None else self.from_)
        if sum(way is not None for way in ways) > 1:
            raise ValueError("give one of: hours, days, period, or from and to")
        if self.to is not None and self.from_ is None:
            raise ValueError("to needs a from")
        return self


class Params(RangeParams):
    """The parameters of every report. A report declares the parts below that it uses."""

    filter_fields: ClassVar[Sequence[str]] = ("filters", "compare_filters")
    """The names of the fields, if it has them, that hold filters."""
    step_fields: ClassVar[Sequence[str]] = ()
    """The names of the fields that hold a step or a list of steps."""

    engine: Engine = Field(Engine.AUTO, description="base answers without rollups.")
    format: Format = Field(
        Format.JSON,
        description="csv and parquet return the rows only. A GET without it is answered in the"
        " format that the header `Accept` prefers.",
    )
    csv: Literal["plain", "excel"] = Field(
        "plain", description="excel puts an apostrophe before text that a spreadsheet would run."
    )


class Totalled(BaseModel):
    """The parameter of a report whose answer has totals."""

    totals: bool = Field(True, description="false leaves the totals out, and is faster.")


class Compared(BaseModel):
    """The parameters of a report that can be compared with another range, or other visits."""

    compare: Compare | None = Field(
        None, description="Compare with another range, or with a segment of the same range."
    )
    compare_from: Moment | None = Field(None, description="Start of a custom comparison.")
    compare_to: Moment | None = Field(None, description="End of a custom comparison.")
    compare_filters: str = Field(
        "",
        max_length=10_000,
        description="With compare=segment: the filters of the visits to compare with, like filters;"
        " without it all visits.",
    )

    @model_validator(mode="after")
    def refuse_half_comparison(self) -> Self:
        ends = (self.compare_from is not None, self.compare_to is not None)
        if ends != (self.compare is Compare.CUSTOM,) * 2:
            raise ValueError(
                "compare_from and compare_to: give both with compare=custom, else none"
            )
        if self.compare_filters and self.compare is not Compare.SEGMENT:
            raise ValueError("compare_filters needs compare=segment")
        return self


class Paged(BaseModel):
    """The parameters of a report that returns some of its rows at a time."""

    limit: int = Field(10, ge=1, le=1000, description="The most rows to return.")
    offset: int = Field(0, ge=0, le=100_000, description="Rows to leave out first.")


class Ranked(Paged):
    """The parameters of a report whose rows can be sorted."""

    order: str = Field(
        "", max_length=60, description="Column to sort by, e.g. visitors:desc or bounce_rate:asc."
    )


class Filtered(BaseModel):
    """The parameter of a report that can be filtered."""

    filters: str = Field(
        "",
        max_length=10_000,
        description='JSON clauses, joined by and: [["is", "country", ["DE", "AT"]], …]. '
        f"Operators: {', '.join(OPERATOR_NAMES)}.",
    )


class RankedParams(Ranked, Totalled, Compared, Filtered, Params):
    """The parameters of a report of rows that can be sorted and compared by their key."""


class Dimensioned(BaseModel):
    """The parameter of a report that can be broken down by a dimension."""

    dimension: str = Field("", max_length=50, description="What to break down by.")


class OfPeople(BaseModel):
    """The parameter of a report about people."""

    by: Literal["visitor", "user"] = Field(
        "visitor", description="Who counts: every visitor, or identified users only."
    )


class BreakdownParams(Dimensioned, RankedParams):
    """The parameters of a report that is broken down by one dimension."""


COMMON_FIELDS = BreakdownParams.model_fields.keys() - Paged.model_fields.keys()
"""Parameters that no .sql file binds as they are."""

P = TypeVar("P", bound=Params)
P_co = TypeVar("P_co", bound=Params, covariant=True)

UNREPEATED = {
    *RangeParams.model_fields,
    *("compare_from", "compare_to", "format", "csv", "engine", "totals", "dimension"),
}
"""Parameters that an answer does not repeat as they were given: it has the resolved site, ranges,
time zone and dimension, and what the others stand for is in it or not."""


@dataclass(frozen=True, slots=True)
class Query(Generic[P_co]):
    """One validated request for a report: a site, the range [lower, upper), and parameters."""

    site: Site
    lower: datetime
    upper: datetime
    timezone: str
    now: datetime
    params: P_co
    compared: tuple[datetime, datetime] | None = None
    """The range to compare with."""
    compared_filter: Filter = NO_FILTER
    """The filter in that range: that of the query itself, or of the segment to compare with."""
    starts: Sequence[datetime] = ()
    """The starts of the buckets of a series, or of the periods of a report, if it has any."""
    first: datetime | None = None
    until: datetime | None = None
    """The range [first, until) that is read, where it is wider than the range of the query."""
    dimension: Dimension | None = None
    filter: Filter = NO_FILTER
    order: Order | None = None
    goals: Mapping[str, Step] = field(default_factory=dict[str, Step])
    """The saved goals by name; empty if the query cannot name one."""
    rollups: Sequence[Rollup] = ROLLUPS
    """The rollups that may answer, those that are already filled first."""
    is_comparison: bool = False
    """Whether it is about what is compared with: then only rows with the keys of the first
    answer are read, whatever their order. They are bound as `chosen` before it is executed."""
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """Values that the report's SQL binds beside its parameters, site, range, limit and offset."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def whole(self) -> "Query[P_co]":
        """The same query for its whole range at once: without buckets, dimension and order."""
        return replace(self, starts=(), first=None, until=None, dimension=None, order=None)

    @property
    def sql_values(self) -> dict[str, Any]:
        """The values that a .sql file may bind, by name, the report's own parameters included."""
        return {
            **self.params.model_dump(exclude={*COMMON_FIELDS}),
            "site": self.site.number,
            "lower": self.lower,
            "upper": self.upper,
            "timezone": self.timezone,
            "now": self.now,
            "starts": list(self.starts),
            "first": self.first,
            "until": self.until,
            "broken_down": self.dimension is not None,
            **self.page,
            **self.values,
        }

    @property
    def page(self) -> dict[str, int]:
        """The limit and the offset of a report that is paged. One row more than the limit is read:
        it tells whether there is a next page."""
        params = self.params
        return (
            {"limit": params.limit + 1, "offset": params.offset}
            if isinstance(params, Paged)
            else {}
        )

    @property
    def has_totals(self) -> bool:
        """Whether the answer has totals, which are a question of their own."""
        params = self.params
        return isinstance(params, Totalled) and params.totals and params.format is Format.JSON

    @property
    def effective(self) -> dict[str, Any]:
        """The query as its answer repeats it: what it was understood as, defaults included."""
        asked = self.params.model_dump(mode="json", by_alias=True, exclude=UNREPEATED)
        return {
            "site": self.site.key,
            "from": instant_text(self.lower),
            "to": instant_text(self.upper),
            "timezone": self.timezone,
            **({"dimension": self.dimension.key} if self.dimension else {}),
            **asked,
        }
