"""What is asked: an installation of ours, over HTTP, or a peer, directly; both in this process."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bench.query.ours import Installation
from bench.query.peers import Peer
from bench.query.questions import Question, Rows


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer."""

    seconds: Mapping[str, float]
    """Of each part, in the database; infinite where the engine gave up."""
    rows: Mapping[str, Rows]
    """Of each part."""
    whole: float | None = None
    """Seconds over HTTP, with everything that a report answers."""


class Engine(Protocol):
    """Something that can be asked."""

    name: str

    async def ask(self, question: Question, lower: datetime, upper: datetime, exact: bool) -> Turn:
        """The answer, and how long it took; no seconds where it gave up."""
        ...


@dataclass(frozen=True, slots=True)
class Ours:
    """An installation, with or without its rollups."""

    name: str
    installation: Installation
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])

    async def ask(self, question: Question, lower: datetime, upper: datetime, exact: bool) -> Turn:
        """Over HTTP; the time of a part is that of its queries alone. Always exact."""
        ends = {"from": lower.isoformat(), "to": upper.isoformat()}
        began = time.perf_counter()
        answer = await self.installation.ask(
            question.report, {**question.params, **ends, **self.params}
        )
        whole = time.perf_counter() - began
        if answer.status_code != 200:
            return Turn({part.label: math.inf for part in question.parts}, {})
        body, spent = answer.json(), self.installation.spent
        totals = sum(seconds for name, seconds in spent.items() if "totals" in name)
        rows = sum(spent.values()) - totals
        return Turn(
            {part.label: totals if part.is_totals else rows for part in question.parts},
            {part.label: part.shape(body) for part in question.parts},
            whole,
        )


@dataclass(frozen=True, slots=True)
class Theirs:
    """A peer, asked in this process."""

    peer: Peer

    @property
    def name(self) -> str:
        """The engine's."""
        return self.peer.name

    async def ask(self, question: Question, lower: datetime, upper: datetime, exact: bool) -> Turn:
        """One query for each part."""
        ends = {"lower": f"{lower:%F %T}", "upper": f"{upper:%F %T}"}
        seconds: dict[str, float] = {}
        rows: dict[str, Rows] = {}
        for part in question.parts:
            began = time.perf_counter()
            rows[part.label] = self.peer.ask(part.sql, {**question.values, **ends}, exact)
            seconds[part.label] = time.perf_counter() - began
        return Turn(seconds, rows)
