"""What is to happen in a long run: for how long, how much, and what disturbs it when."""

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from api.db.engine import Profile
from chaos.examination import moment
from oracle.histories import DAY

ZONES = {
    "berlin": "Europe/Berlin",
    "saopaulo": "America/Sao_Paulo",
    "kathmandu": "Asia/Kathmandu",
}

OWN_RETENTION = {"saopaulo": 44}
"""Days; the other sites keep what the installation says."""

DISTURBANCES = {
    "stop": (2, 11, 9),
    "kill": (3, 13, 8),
    "back": (4, 9, 10),
    "server": (5, 15, 11),
    "ahead": (6, 14, 30),
}
"""The day and the hour of the first time, and after how many days it happens again."""


@dataclass(frozen=True)
class Regular:
    """Something that happens again and again."""

    first: datetime
    every: timedelta

    def is_due(self, lower: datetime, upper: datetime) -> bool:
        """Whether a time for it lies in (lower, upper]."""
        before, after = ((time - self.first) // self.every for time in (lower, upper))
        return after >= 0 and after > before


@dataclass
class Plan:
    """What is to happen."""

    days: float = 100
    profile: Profile = Profile.PLAIN
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(10**9))
    start: datetime = datetime(2026, 12, 14, tzinfo=UTC)
    """A Monday, from which on something happens."""
    history_days: float = 0
    """How much of it was before the service was started, and is sent then."""
    step_hours: float = 2
    visits_a_day: float = 40
    """To each site."""
    share: float = 1
    """Of the questions, how many are asked each Tuesday; on Sundays it is a third of that. Of
    those about what is only summed up, all are."""
    retention: int = 30
    without: Sequence[str] = ()
    """Disturbances that are left out."""

    @property
    def begin(self) -> datetime:
        """What the clock shows at first."""
        return self.start + timedelta(days=self.history_days, hours=6)

    @property
    def disturbances(self) -> Mapping[str, Regular]:
        """What disturbs, and when."""
        midnight = self.begin.replace(hour=0)
        return {
            name: Regular(midnight + timedelta(days=day, hours=hour), every * DAY)
            for name, (day, hour, every) in DISTURBANCES.items()
            if name not in self.without
        }

    @property
    def before_expiry(self) -> Regular:
        """Sunday evenings; lines are Mondays."""
        return Regular(self.start + timedelta(days=6, hours=20), 7 * DAY)

    @property
    def after_expiry(self) -> Regular:
        """Tuesday mornings, when everything that expired has had a day to go."""
        return Regular(self.start + timedelta(days=1, hours=9), 7 * DAY)


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos.time_machine", description=__doc__)
    default = Plan()
    kinds: dict[str, Callable[[str], object]] = {
        "days": float,
        "profile": Profile,
        "seed": int,
        "start": moment,
        "history_days": float,
        "step_hours": float,
        "visits_a_day": float,
        "share": float,
        "retention": int,
    }
    for name, kind in kinds.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=kind, default=getattr(default, name))
    parser.add_argument("--without", nargs="+", choices=list(DISTURBANCES), default=())
    return parser
