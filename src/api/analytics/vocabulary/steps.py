"""Steps: the conditions on events in funnels, goals and retention reports.

A step is given as text. A page or a pattern of pages begins with a slash or a wildcard; a JSON
object can name event, page and properties, or a goal; everything else is the name of an event:

    /pricing    /blog/*    signup    {"event": "signup", "props": {"plan": "pro"}}
    {"page": "/docs/**", "props": {"lang": "de"}}    {"goal": "Newsletter"}
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from pydantic import (
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    model_validator,
)

from api.analytics.vocabulary.operators import page_pattern
from api.errors import Invalid, invalid
from api.events.models import PAGEVIEW
from api.schema import Record
from api.text import PlainText
from api.validation import fields_of, problems_of

MAX_PROPS = 10

ANY_PAGE = ""
"""A pattern that every event matches, with or without a page."""


Text = Annotated[PlainText, Field(min_length=1, max_length=2000)]
Name = Annotated[PlainText, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Step:
    """What the SQL function `matches_step` compares an event with."""

    name: str
    page: str | None = None
    pattern: str | None = ANY_PAGE
    props: Mapping[str, Any] | None = None

    @property
    def json(self) -> str | None:
        return json.dumps(self.props) if self.props else None


class Condition(Record):
    """An event, a page, or an event on a page, optionally with properties."""

    model_config = ConfigDict(extra="forbid")

    event: Name | None = Field(
        default=None, description="Name of an event; a page alone is its view."
    )
    page: Text | None = Field(
        default=None, description="A page, or a pattern: `/blog/*`, `/docs/**`."
    )
    props: dict[Name, Text | int | FiniteFloat | bool] | None = Field(
        default=None,
        max_length=MAX_PROPS,
        description="Properties the event must have, compared as text.",
    )

    @model_validator(mode="after")
    def refuse_incomplete(self) -> Self:
        if self.event is None and self.page is None:
            raise ValueError("needs an event or a page")
        if self.page is not None and not self.page.startswith(("/", "*")):
            raise ValueError("a page begins with a slash or a wildcard")
        return self

    @property
    def step(self) -> Step:
        if self.page is None:
            return Step(self.event or PAGEVIEW, props=self.props)
        return replace(page_step(self.page), name=self.event or PAGEVIEW, props=self.props)


def page_step(page: str) -> Step:
    """The step of viewing a page, or any page that the pattern matches."""
    return Step(PAGEVIEW, page, page_pattern(page) if "*" in page else None)


def read_step(text: str, goals: Mapping[str, Step]) -> Step:
    """The step that a text stands for. Raises Invalid; for an unknown goal it lists the goals."""
    if text.startswith("{"):
        return read_object(text, goals)
    if text.startswith(("/", "*")):
        return page_step(text)
    return Step(text)


def read_object(text: str, goals: Mapping[str, Step]) -> Step:
    try:
        asked = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid("step", "is not JSON") from error
    if isinstance(asked, dict) and [*asked] == ["goal"]:  # pyright: ignore[reportUnknownArgumentType]
        return goal_step(str(asked["goal"]), goals)  # pyright: ignore[reportUnknownArgumentType]
    try:
        return Condition.model_validate(asked).step
    except ValidationError as error:
        errors = [{**one, "loc": ("step", *one["loc"])} for one in error.errors()]
        declared = {"step": {**fields_of(Condition), "goal": str}}
        raise Invalid(problems=problems_of(errors, {"step": asked}, declared, "step")) from error


def goal_step(name: str, goals: Mapping[str, Step]) -> Step:
    if name not in goals:
        raise invalid("step.goal", "there is no such goal", goals)
    return goals[name]


def step_values(steps: Sequence[Step]) -> dict[str, Any]:
    """The steps as arrays, one for each column that `matches_step` takes."""
    return {
        "names": [step.name for step in steps],
        "pages": [step.page for step in steps],
        "patterns": [step.pattern for step in steps],
        "props": [step.json for step in steps],
    }
