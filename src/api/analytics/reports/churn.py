"""The churn report: how likely each identified user is to stay away, judged by their own rhythm."""

from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field

from api.analytics.columns import Ratio, Row
from api.analytics.methods.activity import Activity, Histories
from api.analytics.methods.arrays import Counts, Numbers
from api.analytics.methods.probabilities import Happened, auc, brier, learned_shares
from api.analytics.query import Filtered, Params, Query, Ranked, Totalled
from api.analytics.question import single
from api.analytics.report import Computed, Report
from api.analytics.time.buckets import DAY
from api.analytics.time.ranges import a_year_ago
from api.schema import Record

MOST_USERS = 100_000
"""So many users are judged, those who were active last. It bounds memory and time."""

FEWEST_USERS = 20
"""From fewer nothing can be learnt."""

COUNTED = ("days_since", "active_days")
"""The columns of the rows that are whole numbers."""


class ChurnParams(Ranked, Totalled, Filtered, Params):
    """Parameters: how far to look ahead, and which risks to list."""

    horizon: int = Field(30, ge=1, le=365, description="How many days to look ahead.")
    at_least: float = Field(0, ge=0, le=1, description="List users with at least this risk.")
    at_most: float = Field(1, ge=0, le=1, description="List users with at most this risk.")


class UserAtRisk(Row):
    """An identified user, and how likely they are to stay away. A day is active if a visit begins
    on it."""

    user_id: str | None
    """The id of the user; null for callers without an account."""
    visitor_id: str
    """The id of the visitor."""
    risk: Ratio | None
    """The probability that no day of the horizon is active; null where there are fewer than twenty
    users to learn from."""
    alive: Ratio | None
    """The probability that the user has not left for good; null like `risk`."""
    last_active: date
    """The last active day."""
    days_since: int
    """Days from the last active day to the last day of the range."""
    active_days: int
    """Active days in the range."""
    usual_gap_days: float | None
    """Mean days from one active day to the next; null for a single one."""
    overdue: float | None
    """Days since the last active day / the usual gap."""


class ChurnBackTest(Record):
    """How well the method would have told what happened in the last days of the range. Whatever
    was active later was not known to it, nor to those that it is compared with."""

    origin: date
    """The last day that was known."""
    until: date
    """The last day that was predicted."""
    users: int
    """Users who had been active up to the origin."""
    stayed_away: float
    """The share of them who were not active until the last day."""
    predicted: float
    """The share that was predicted: the mean risk."""
    brier: float
    """Mean squared error of the risks: 0 is perfect."""
    brier_of_recency: float
    """The same of risks by the days since the last active day alone, as they had come true at the
    origin."""
    brier_of_constant: float
    """The same of one risk for all: the share that had come true at the origin."""
    auc: float | None
    """How often a user who stayed away had a higher risk than one who did not; null where all did
    the same."""
    auc_of_recency: float | None
    """The same by the days since the last active day alone."""
    parameters: dict[str, float]
    """The parameters of the model as of the origin."""
    beats_baselines: bool
    """Whether the error is less than both of the others."""


class ChurnTotals(Row):
    """All users, and the method."""

    users: int
    """Identified users who were active in the range."""
    judged: int
    """Of these, the users who were judged: up to 100,000 who were active last."""
    as_of: date
    """The last day that is known; the horizon begins after it."""
    horizon_days: int
    """How many days were looked ahead."""
    expected_to_stay_away: float | None
    """How many of the judged users are expected to stay away: the sum of their risks."""
    by_risk: list[int]
    """How many users have a risk below 0.1, below 0.2, …: ten numbers; empty without risks."""
    method: Literal["MBG/NBD", "too few users"]
    """The model, see docs/definitions.md."""
    parameters: dict[str, float]
    """The parameters of the model: r, alpha (days), a, b; empty without one."""
    back_test: ChurnBackTest | None
    """How well the method did at the end of the range; null where fewer than twenty users had been
    active a horizon and two horizons before."""


@dataclass(frozen=True)
class Users:
    """What the SQL found: an entry for each user. Days are counted back from the last day of the
    range; -1 is never."""

    first: Counts
    last: Counts
    days: Counts
    last_then: Counts
    """The last active day up to the origin, which is a horizon before the last day."""
    days_then: Counts
    """Active days up to the origin."""
    last_before: Counts
    """The last active day up to a horizon before the origin."""

    @classmethod
    def of(cls, found: dict[str, Any]) -> "Users":
        return cls(*(np.array(found[field.name], np.int64) for field in fields(cls)))

    @cached_property
    def now(self) -> Histories:
        """Their histories as of the last day."""
        return Histories(self.days - 1, self.first - self.last, self.first)

    def at_origin(self, horizon: int) -> tuple[Histories, Happened]:
        """The histories as of the origin of those who had been active by then, and whether each
        was not active after it."""
        known = self.last_then >= 0
        first, last, days = self.first[known], self.last_then[known], self.days_then[known]
        return Histories(days - 1, first - last, first - horizon), self.last[known] >= horizon


def last_day(query: Query[ChurnParams]) -> date:
    """The last local day of the range of which anything is known."""
    end = min(query.upper, query.now) - timedelta(microseconds=1)
    return max(end, query.lower).astimezone(ZoneInfo(query.timezone)).date()


def with_days(query: Query[ChurnParams]) -> Query[ChurnParams]:
    return replace(query, values={"as_of": last_day(query), "most": MOST_USERS})


def judge(query: Query[ChurnParams], rows: list[dict[str, Any]]) -> Computed:
    """The users by risk, and what is said of all."""
    (found,) = rows
    users, horizon = Users.of(found), query.params.horizon
    model = Activity.fitted(users.now) if len(users.days) >= FEWEST_USERS else None
    numbers = numbers_of(users, model, horizon)
    listed = rows_at(ranked(query, numbers), query.values["as_of"], found, numbers)
    totals = totals_of(query, found, model, numbers["risk"]) if query.has_totals else None
    return Computed(listed, totals)


def numbers_of(users: Users, model: Activity | None, horizon: int) -> dict[str, Numbers]:
    """The columns of the rows that are numbers; NaN is null."""
    unknown = np.full(len(users.days), np.nan)
    repeats = users.now.repeats
    gaps = np.where(repeats > 0, users.now.last / np.maximum(repeats, 1), np.nan)
    return {
        "risk": model.silent(users.now, horizon) if model else unknown,
        "alive": model.alive(users.now) if model else unknown,
        "days_since": users.last.astype(float),
        "active_days": users.days.astype(float),
        "usual_gap_days": gaps,
        "overdue": users.last / gaps,
    }


def ranked(query: Query[ChurnParams], numbers: dict[str, Numbers]) -> Counts:
    """The places of the users to list, in the order of their rows: nulls last, and ties in the
    order of the SQL."""
    risk, order = numbers["risk"], query.order
    column = numbers[order.measure if order else "risk"]
    keys = column if order and order.direction == "asc" else -column
    places = np.argsort(keys, kind="stable")
    low, high = query.params.at_least, query.params.at_most
    is_listed = (risk >= low) & (risk <= high) | (np.isnan(risk) & (low == 0) & (high == 1))
    return places[is_listed[places]]


def rows_at(
    places: Counts, as_of: date, found: dict[str, Any], numbers: dict[str, Numbers]
) -> list[dict[str, Any]]:
    """The rows of the users at these places. They are made column by column: there may be many."""
    days = {name: numbers[name][places].astype(int).tolist() for name in COUNTED}
    columns: dict[str, list[Any]] = {
        "user_id": [found["user_ids"][place] for place in places],
        "visitor_id": [found["visitor_ids"][place] for place in places],
        "last_active": [as_of - ago * DAY for ago in days["days_since"]],
        **{name: with_nulls(column[places]) for name, column in numbers.items()},
        **days,
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def with_nulls(column: Numbers) -> list[float | None]:
    return [None if number != number else number for number in column.tolist()]


def totals_of(
    query: Query[ChurnParams], found: dict[str, Any], model: Activity | None, risk: Numbers
) -> dict[str, Any]:
    """`risk` is that of each user; NaN without a model."""
    tenths = np.minimum(risk[~np.isnan(risk)] * 10, 9).astype(int)
    return {
        "users": found["users"],
        "judged": len(risk),
        "as_of": query.values["as_of"],
        "horizon_days": query.params.horizon,
        "expected_to_stay_away": float(risk.sum()) if model else None,
        "by_risk": np.bincount(tenths, minlength=10).tolist() if model else [],
        "method": "MBG/NBD" if model else "too few users",
        "parameters": asdict(model) if model else {},
        "back_test": back_test(query, Users.of(found)),
    }


def back_test(query: Query[ChurnParams], users: Users) -> dict[str, Any] | None:
    """How the model, fitted to what was known a horizon ago, did since; beside two forecasts that
    had learnt from the horizon before that. None where there were too few users."""
    horizon, as_of = query.params.horizon, query.values["as_of"]
    then, stayed_away = users.at_origin(horizon)
    before = users.last_before >= 0
    if min(len(then), before.sum()) < FEWEST_USERS:
        return None
    model = Activity.fitted(then)
    risk = model.silent(then, horizon)
    silent_days, outcome = users.last_before[before], users.last_then[before] >= 2 * horizon
    recent = then.age - then.last
    by_recency = learned_shares(silent_days - 2 * horizon, outcome, recent)
    constant = np.full(len(then), outcome.mean())
    told = {"": risk, "_of_recency": by_recency, "_of_constant": constant}
    errors = {f"brier{name}": brier(one, stayed_away) for name, one in told.items()}
    return {
        "origin": as_of - horizon * DAY,
        "until": as_of,
        "users": len(then),
        "stayed_away": float(stayed_away.mean()),
        "predicted": float(risk.mean()),
        **errors,
        "auc": auc(risk, stayed_away),
        "auc_of_recency": auc(recent.astype(float), stayed_away),
        "parameters": asdict(model),
        "beats_baselines": min(errors, key=lambda name: errors[name]) == "brier",
    }


CHURN = Report(
    "churn",
    "How likely each user is to stay away",
    ChurnParams,
    single(UserAtRisk, "reports/churn.sql", "visit"),
    orders=("risk", "days_since", "active_days", "usual_gap_days", "overdue", "alive"),
    start=a_year_ago,
    prepare=with_days,
    compute=judge,
    computed_totals=ChurnTotals,
)
