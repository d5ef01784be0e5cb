"""What a long run finds to be wrong: each kind in full at first, then counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

SHOWN = 2
"""How many of a kind are printed."""


@dataclass
class Findings:
    """What is wrong, at which moment of the simulated time."""

    now: Callable[[], datetime]
    counts: Counter[str] = field(default_factory=Counter[str])
    firsts: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def note(self, kind: str, detail: str) -> None:
        """Writes something down, and prints it unless others of its kind were printed."""
        self.counts[kind] += 1
        self.firsts.setdefault(kind, self.now())
        if self.counts[kind] <= SHOWN:
            print(f"WRONG at {self.now():%Y-%m-%d %H:%M}: {kind}\n  {detail}", flush=True)

    def __str__(self) -> str:
        return "\n".join(
            f"{times:>6} x {kind}, first at {self.firsts[kind]:%Y-%m-%d %H:%M}"
            for kind, times in self.counts.most_common()
        )
