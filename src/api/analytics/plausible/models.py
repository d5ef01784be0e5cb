"""Queries and answers in the form of Plausible's Stats API v2."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.analytics.query import Engine
from api.text import PlainText

MAX_DIMENSIONS = 5

Name = Annotated[PlainText, Field(max_length=200)]


class Pagination(BaseModel):
    """Which rows to return."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(1000, ge=1, le=10_000)
    offset: int = Field(0, ge=0, le=1_000_000)


class Include(BaseModel):
    """Optional parts of the answer."""

    model_config = ConfigDict(extra="forbid")

    imports: bool = False
    time_labels: bool = False
    total_rows: bool = False


class StatsQuery(BaseModel):
    """A query in the form of Plausible's Stats API v2."""

    model_config = ConfigDict(extra="forbid")

    site_id: Name
    metrics: list[Name] = Field(min_length=1, max_length=20)
    date_range: str | tuple[str, str]
    dimensions: list[Name] = Field([], max_length=MAX_DIMENSIONS)
    filters: list[Any] = []
    order_by: list[tuple[Name, Literal["asc", "desc"]]] = Field([], max_length=10)
    include: Include = Include()
    engine: Engine = Engine.AUTO
    pagination: Pagination = Field(default_factory=lambda: Pagination.model_validate({}))


class StatsRow(BaseModel):
    """One row: values in the order in which metrics and dimensions were asked for."""

    metrics: list[float | int | None]
    dimensions: list[str]


class StatsAnswer(BaseModel):
    """The answer in the form of Plausible's Stats API v2."""

    results: list[StatsRow]
    meta: dict[str, Any]
    query: dict[str, Any]
