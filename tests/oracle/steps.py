"""What a step of a funnel, a start or a return of retention, and a saved goal ask of an event."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oracle.visits import Event


@dataclass(frozen=True)
class Goal:
    """An event of this name, on such a page, with such properties; of what is not said, any.

    A page alone means that it is viewed.
    """

    name: str
    event: str | None = None
    page: str | None = None
    props: Mapping[str, Any] | None = None

    def fits(self, event: Event) -> bool:
        """Whether an event reaches it."""
        name = self.event or "pageview"
        return (
            event.name == name
            and (self.page is None or page_fits(event.page, self.page))
            and all(
                key in (event.props or {}) and as_text((event.props or {})[key]) == as_text(value)
                for key, value in (self.props or {}).items()
            )
        )

    @property
    def wire(self) -> dict[str, Any]:
        """The goal as it is posted."""
        said = {"name": self.name, "event": self.event, "page": self.page, "props": self.props}
        return {key: value for key, value in said.items() if value is not None}


def as_text(value: Any) -> str:
    """A value of a property as a text: 2 as 2, true as true."""
    return value if isinstance(value, str) else json.dumps(value)


def goal_of(step: str, goals: Mapping[str, Goal]) -> Goal:
    """What a step means, said as a goal."""
    if step.startswith(("/", "*")):
        return Goal(step, page=step)
    if not step.startswith("{"):
        return Goal(step, event=step)
    said = json.loads(step)
    return goals[said["goal"]] if "goal" in said else Goal(step, **said)


def page_fits(page: str, pattern: str) -> bool:
    """Whether a page is one that a pattern means: * is anything but a slash, ** anything."""
    if pattern.startswith("**"):
        return any(page_fits(page[n:], pattern[2:]) for n in range(len(page) + 1))
    if pattern.startswith("*"):
        segment = re.match("[^/]*", page)
        assert segment
        return any(page_fits(page[n:], pattern[1:]) for n in range(segment.end() + 1))
    if not pattern or not page:
        return page == pattern
    return page[0] == pattern[0] and page_fits(page[1:], pattern[1:])
