"""Queries and answers in the form of Plausible's Stats API v2."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.analytics.query import Engine
from api.analytics.vocabulary.metrics import METRICS
from api.text import PlainText

MAX_DIMENSIONS = 5

Name = Annotated[PlainText, Field(max_length=200)]
MetricName = Annotated[Name, Field(json_schema_extra={"enum": [*METRICS]})]
"""Whether there is a metric of this name depends on the dimensions, too: see execute.py."""


class Pagination(BaseModel):
    """Which rows to return."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10_000, ge=1, le=10_000, description="The most rows to return.")
    offset: int = Field(0, ge=0, le=1_000_000, description="Rows to leave out first.")


class Include(BaseModel):
    """Optional parts of the answer."""

    model_config = ConfigDict(extra="forbid")

    imports: bool = Field(False, description="Adds meta.imports_included; nothing is imported.")
    time_labels: bool = Field(False, description="Adds meta.time_labels, of all buckets.")
    total_rows: bool = Field(False, description="Adds meta.total_rows, without the pagination.")


class StatsQuery(BaseModel):
    """A query in the form of Plausible's Stats API v2."""

    model_config = ConfigDict(extra="forbid")

    site_id: Name = Field(description="Key or domain of the site.")
    metrics: list[MetricName] = Field(min_length=1, max_length=20, description="E.g. visitors.")
    date_range: str | tuple[str, str] = Field(
        description="A name (day, 24h, 7d, 6mo, month, year, all), or two ISO dates or times."
    )
    dimensions: list[Name] = Field(
        [], max_length=MAX_DIMENSIONS, description="What to group by, e.g. visit:source, time:day."
    )
    filters: list[Any] = Field([], description='Clauses: ["is", "visit:os", ["Mac"]].')
    order_by: list[tuple[Name, Literal["asc", "desc"]]] = Field(
        [], max_length=10, description="Metrics and dimensions of the query to sort by."
    )
    include: Include = Field(default_factory=lambda: Include.model_validate({}))
    pagination: Pagination = Field(default_factory=lambda: Pagination.model_validate({}))
    engine: Engine = Field(Engine.AUTO, description="base answers without rollups.")


class Money(BaseModel):
    """An amount of one currency, and how it is written in English."""

    value: float = Field(description="The amount, with two decimals.")
    currency: str = Field(description="ISO 4217 code, e.g. EUR.")
    short: str = Field(description="Rounded to one decimal: €500.2M.")
    long: str = Field(description="In full: €500,200,700.25.")


class StatsRow(BaseModel):
    """One row: values in the order in which metrics and dimensions were asked for."""

    metrics: list[float | int | Money | None] = Field(
        description="Rates are in per cent, durations in seconds, total_revenue and average_revenue"
        " amounts with a currency; null is unknown."
    )
    dimensions: list[str] = Field(description="The values of the dimensions.")


class StatsAnswer(BaseModel):
    """The answer in the form of Plausible's Stats API v2."""

    results: list[StatsRow] = Field(description="The rows, in the order that was asked for.")
    meta: dict[str, Any] = Field(
        description="`engine`, the tables that answered; `time_labels`, `total_rows`,"
        " `imports_included` and `metric_warnings` where they apply."
    )
    query: dict[str, Any] = Field(description="The query as it was understood.")
