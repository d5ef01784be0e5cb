"""GET /api/analytics/schema: what can be asked, as data, for clients that build questions."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.analytics.columns import Column, Type, Unit, columns_of
from api.analytics.report import Report
from api.analytics.reports import REPORTS
from api.analytics.vocabulary.dimensions import DIMENSIONS
from api.analytics.vocabulary.filters import OPERATOR_NAMES
from api.analytics.vocabulary.metrics import METRICS
from api.revalidation import revalidated
from api.schema import Record
from api.validation import JSON

router = APIRouter(tags=["analytics"])


class ReportSchema(Record):
    """A report: what it takes and what its rows have."""

    name: str
    """Its name, which is its path below /api/analytics/."""
    title: str
    """What it answers."""
    parameters: list[str]
    """The parameters that it takes."""
    dimensions: list[str]
    """The dimensions that it can be broken down by, the default first."""
    orders: list[str]
    """The columns that its rows can be sorted by, beside the dimension."""
    columns: list[Column]
    """The columns of its rows, beside the dimension."""


class MetricSchema(Record):
    """A metric of the Stats API."""

    name: str
    """Its name in a query."""
    column: str
    """The column in the rows of reports that have it."""
    type: Type
    """The type of its values."""
    unit: Unit | None
    """The unit of the number, null for a plain count or amount."""
    description: str
    """What it counts."""


class DimensionSchema(Record):
    """A dimension."""

    name: str
    """Its name in filters, and in the parameter `dimension`."""
    of: str
    """`visit` if it is a property of a visit, `event` if it is one of each event."""
    description: str
    """What it is."""


class Schema(Record):
    """What can be asked."""

    reports: list[ReportSchema]
    """All reports."""
    metrics: list[MetricSchema]
    """All metrics of the Stats API."""
    dimensions: list[DimensionSchema]
    """All dimensions, beside properties of events (props:…)."""
    operators: list[str]
    """The operators of filters, `and`, `or` and `not` included."""


@router.get("/api/analytics/schema", response_model=Schema)
async def schema(request: Request) -> Response:
    """The reports, metrics, dimensions and operators that there are, in words, types and units."""
    return revalidated(request, Response(SCHEMA.model_dump_json(), media_type=JSON))


def report_schema(report: Report[Any]) -> ReportSchema:
    usual = [report.default_dimension] if report.default_dimension else []
    fields = report.params.model_fields
    return ReportSchema(
        name=report.name,
        title=report.title,
        parameters=[field.alias or name for name, field in fields.items()],
        dimensions=list(dict.fromkeys(one.key for one in (*usual, *report.all_dimensions))),
        orders=[*report.orders],
        columns=columns_of(report.rows.row),
    )


SCHEMA = Schema(
    reports=[report_schema(report) for report in REPORTS],
    metrics=[
        MetricSchema(
            name=metric.key,
            column=metric.column,
            type="number" if metric.unit or metric.decimals else "integer",
            unit=metric.unit,
            description=metric.what,
        )
        for metric in METRICS.values()
    ],
    dimensions=[
        DimensionSchema(name=one.key, of=one.of, description=one.what)
        for one in DIMENSIONS.values()
    ],
    operators=[*OPERATOR_NAMES],
)
