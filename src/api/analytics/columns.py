"""The rows of answers, and what an answer says about its columns: type, unit and meaning."""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from api.analytics.vocabulary.metrics import BY_COLUMN
from api.schema import Record

Unit = Literal["seconds", "ratio"]
"""seconds; or a ratio, which is a part of a whole from 0 to 1."""

Type = Literal["integer", "number", "string", "boolean", "time", "date", "list", "object"]

Seconds = Annotated[float, Field(json_schema_extra={"x-unit": "seconds"})]
Ratio = Annotated[float, Field(json_schema_extra={"x-unit": "ratio"})]

TYPES: dict[str, Type] = {"date-time": "time", "date": "date", "array": "list"}
"""Types of columns by the formats and types of JSON schemas that have another name."""


class Column(Record):
    """A column of the rows of an answer."""

    name: str
    """The key of the column in each row."""
    type: Type
    """The type of its values; a time is RFC 3339 in UTC, a date is YYYY-MM-DD."""
    unit: Unit | None
    """The unit of a number, null for a plain count or amount."""
    description: str
    """What the column means."""


class Row(Record):
    """The base of rows and totals. The text below a field is its description; a field that is named
    like a metric has the metric's."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        described = [describe(name, field) for name, field in cls.model_fields.items()]
        if any(described):
            cls.model_rebuild(force=True)


def describe(name: str, field: FieldInfo) -> bool:
    """Gives a field without a description that of the metric with its name. Returns whether."""
    metric = BY_COLUMN.get(name)
    if metric is None or field.description:
        return False
    field.description = metric.what
    return True


@cache
def columns_of(row: type[BaseModel]) -> list[Column]:
    """The columns of rows of this class, in order."""
    schema = row.model_json_schema(mode="serialization")
    return [column(name, field) for name, field in schema["properties"].items()]


def column(name: str, schema: dict[str, Any]) -> Column:
    options = [schema, *schema.get("anyOf", ())]
    kinds = [option.get("format") or option.get("type") for option in options]
    kind = next(kind for kind in kinds if kind not in (None, "null"))
    units = [option["x-unit"] for option in options if "x-unit" in option]
    return Column(
        name=name,
        type=TYPES.get(kind, "string" if kind == "uuid" else kind),
        unit=units[0] if units else None,
        description=schema.get("description", ""),
    )
