"""Who buys, who comes how often, and who may stay away: rfm, engagement and churn."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from math import exp, lgamma, log
from statistics import mean, median
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import Range
from oracle.site import Site, share
from oracle.visits import Event, Visit

Row = dict[str, Any]

SEGMENTS = {
    "champions": ["54", "55"],
    "loyal": ["34", "35", "44", "45"],
    "potential_loyal": ["42", "43", "52", "53"],
    "new": ["51"],
    "promising": ["41"],
    "need_attention": ["33"],
    "about_to_sleep": ["31", "32"],
    "cannot_lose": ["15", "25"],
    "at_risk": ["13", "14", "23", "24"],
    "hibernating": ["11", "12", "21", "22"],
}
"""The segments, each with its pairs of scores: recency, and the mean of the other two."""


@dataclass
class Customer:
    """What somebody ordered in one currency."""

    name: str
    currency: str
    orders: list[Event]
    scores: tuple[int, int, int] = (0, 0, 0)

    @property
    def last(self) -> datetime:
        return max(order.time for order in self.orders)

    @property
    def paid(self) -> Decimal:
        return sum((Decimal(order.revenue or 0) for order in self.orders), Decimal(0))

    @property
    def segment(self) -> str:
        recency, frequency, money = self.scores
        value = (frequency + money) // 2 + (frequency + money) % 2
        return next(name for name, pairs in SEGMENTS.items() if f"{recency}{value}" in pairs)


def customers(
    site: Site, span: Range, by: str = "visitor", clauses: Sequence[Clause] = ()
) -> list[Customer]:
    """The customers of a range with their scores, a customer of two currencies twice."""
    found: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for order in Filter(site, tuple(clauses)).events(site.actions_in(span)):
        if order.revenue is not None and (by == "visitor" or order.user):
            found[order.currency or "", order.visitor].append(order)
    everybody = [Customer(name, currency, orders) for (currency, name), orders in found.items()]
    for one in everybody:
        rivals = [other for other in everybody if other.currency == one.currency]
        one.scores = (
            score(one.last, [other.last for other in rivals]),
            score(len(one.orders), [len(other.orders) for other in rivals]),
            score(one.paid, [other.paid for other in rivals]),
        )
    return everybody


def score(value: Any, values: Sequence[Any]) -> int:
    """1, and one more for each fifth of all who are worse."""
    worse = sum(other < value for other in values)
    return 1 + worse * 5 // len(values)


def rfm(found: Sequence[Customer], end: datetime) -> list[Row]:
    """One row for each segment of each currency."""
    rows = []
    for currency in sorted({one.currency for one in found}):
        rivals = [one for one in found if one.currency == currency]
        revenue = sum(one.paid for one in rivals)
        for segment in SEGMENTS:
            some = [one for one in rivals if one.segment == segment]
            if not some:
                continue
            paid = sum(one.paid for one in some)
            orders = sum(len(one.orders) for one in some)
            rows.append(
                {
                    "currency": currency,
                    "segment": segment,
                    "customers": len(some),
                    "customer_share": len(some) / len(rivals),
                    "orders": orders,
                    "revenue": float(paid),
                    "revenue_share": float(paid / revenue) if revenue else None,
                    "recency_days": mean((end - one.last).total_seconds() for one in some) / 86400,
                    "orders_per_customer": orders / len(some),
                    "revenue_per_customer": float(paid / len(some)),
                }
            )
    return rows


def rfm_totals(found: Sequence[Customer]) -> Row:
    """What all customers ordered."""
    orders = [order for one in found for order in one.orders]
    numbers = defaultdict(int)
    for order in orders:
        numbers[order.visitor] += 1
    currencies = {order.currency for order in orders}
    repeated = sum(number > 1 for number in numbers.values())
    is_one = len(currencies) == 1
    return {
        "currency": currencies.pop() if is_one else None,
        "customers": len(numbers),
        "repeat_customers": repeated,
        "repeat_rate": share(repeated, len(numbers)),
        "orders": len(orders),
        "revenue": float(sum(one.paid for one in found)) if is_one else None,
    }


def stays_of(
    site: Site, span: Range, by: str, clauses: Sequence[Clause] = ()
) -> Mapping[str, list[Visit]]:
    """The visits of each person that begin in a range."""
    found: dict[str, list[Visit]] = defaultdict(list)
    for visit in Filter(site, tuple(clauses)).visits(site.visits_in(span)):
        if by == "visitor" or visit.events[0].user:
            found[visit.visitor].append(visit)
    return found


def days_of(visits: Iterable[Visit], zone: ZoneInfo) -> set[date]:
    """The local days on which visits begin."""
    return {visit.started.astimezone(zone).date() for visit in visits}


def engagement(
    site: Site, span: Range, by: str = "visitor", clauses: Sequence[Clause] = ()
) -> list[Row]:
    """One row for each custom event: who used it, how often, and how soon."""
    people = stays_of(site, span, by, clauses)
    uses: dict[str, dict[str, list[datetime]]] = defaultdict(lambda: defaultdict(list))
    for event in Filter(site, tuple(clauses)).events(site.actions_in(span)):
        if event.is_custom and event.visitor in people:
            uses[event.name][event.visitor].append(event.time)
    rows = []
    for name, times in uses.items():
        new = [who for who in times if site.since[who] >= span.lower]
        waits = [(min(times[who]) - site.since[who]).total_seconds() for who in new]
        number = sum(map(len, times.values()))
        rows.append(
            {
                "name": name,
                "people": len(times),
                "adoption": len(times) / len(people),
                "custom_events": number,
                "events_per_person": number / len(times),
                "new_people": len(new),
                "first_use_seconds": median(waits) if waits else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["people"], row["name"]))


def engagement_totals(
    site: Site, span: Range, timezone: str, by: str = "visitor", clauses: Sequence[Clause] = ()
) -> Row:
    """How often people came, and for how long."""
    people, zone = stays_of(site, span, by, clauses), ZoneInfo(timezone)
    days = [len(days_of(visits, zone)) for visits in people.values()]
    seconds = [sum(visit.seconds for visit in visits) for visits in people.values()]
    number = sum(map(len, people.values()))
    return {
        "people": len(people),
        "visits": number,
        "active_days": float(mean(days)) if days else None,
        "median_active_days": float(median(days)) if days else None,
        "visits_per_person": share(number, len(people)),
        "visit_duration_seconds": share(sum(seconds), number),
        "median_seconds": float(median(seconds)) if days else None,
        "seconds_per_active_day": share(sum(seconds), sum(days)),
    }


def frequency(
    site: Site, span: Range, timezone: str, by: str = "visitor", clauses: Sequence[Clause] = ()
) -> list[Row]:
    """One row for each number of days on which somebody came."""
    people, zone = stays_of(site, span, by, clauses), ZoneInfo(timezone)
    groups: dict[int, list[list[Visit]]] = defaultdict(list)
    for visits in people.values():
        groups[len(days_of(visits, zone))].append(visits)
    return [
        {
            "active_days": days,
            "people": len(group),
            "share": len(group) / len(people),
            "visits": sum(map(len, group)),
            "visit_duration_seconds": mean(one.seconds for visits in group for one in visits),
        }
        for days, group in sorted(groups.items())
    ]


@dataclass(frozen=True)
class Rhythm:
    """On which days, counted from the first, somebody came, up to a day."""

    days: Sequence[int]
    until: int

    def known_at(self, until: int) -> "Rhythm | None":
        """What of it was known earlier; nothing of somebody who came later."""
        days = [day for day in self.days if day <= until]
        return Rhythm(days, until) if days else None

    @property
    def silence(self) -> int:
        return self.until - self.days[-1]

    @property
    def gap(self) -> float | None:
        gaps = [later - day for day, later in pairwise(self.days)]
        return mean(gaps) if gaps else None

    @property
    def told(self) -> tuple[int, int, int]:
        """What the model looks at: returns, days to the last one, days in all."""
        return len(self.days) - 1, self.days[-1] - self.days[0], self.until - self.days[0]


@dataclass(frozen=True)
class Model:
    """The modified BG/NBD model, written with gamma functions as the paper has it."""

    r: float
    alpha: float
    a: float
    b: float

    def parts(self, x: int, last: int, age: int) -> tuple[float, float]:
        """The likelihoods of this rhythm with the person still there, and gone; as logarithms."""
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rate = lgamma(r + x) - lgamma(r) + r * log(alpha)
        there = beta_log(a, b + x + 1) - beta_log(a, b) + rate - (r + x) * log(alpha + age)
        gone = beta_log(a + 1, b + x) - beta_log(a, b) + rate - (r + x) * log(alpha + last)
        return there, gone

    def log_likelihood(self, rhythms: Sequence[Rhythm]) -> float:
        """Of all of them."""
        parts = [self.parts(*rhythm.told) for rhythm in rhythms]
        return sum(high + log(exp(there - high) + exp(gone - high))
                   for there, gone in parts for high in [max(there, gone)])  # fmt: skip

    def alive(self, rhythm: Rhythm) -> float:
        there, gone = self.parts(*rhythm.told)
        return 1 / (1 + exp(gone - there))

    def risk(self, rhythm: Rhythm, horizon: int) -> float:
        """The probability of no return within the horizon: gone, or there and silent."""
        x, _, age = rhythm.told
        silent = ((self.alpha + age) / (self.alpha + age + horizon)) ** (self.r + x)
        alive = self.alive(rhythm)
        return 1 - alive + alive * silent


def beta_log(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def rhythms_of(
    site: Site, span: Range, timezone: str, as_of: date, clauses: Sequence[Clause] = ()
) -> dict[str, Rhythm]:
    """The rhythm of each user, in days before and after a fixed one."""
    zone = ZoneInfo(timezone)
    return {
        who: Rhythm(sorted(day.toordinal() for day in days_of(visits, zone)), as_of.toordinal())
        for who, visits in stays_of(site, span, "user", clauses).items()
    }


def errors(told: Sequence[float], happened: Sequence[bool]) -> float:
    """The mean squared error of probabilities."""
    return mean((p - h) ** 2 for p, h in zip(told, happened, strict=True))


def pairs_in_order(told: Sequence[float], happened: Sequence[bool]) -> float | None:
    """How often one to whom it happened has the higher probability of two; ties are half."""
    to = [p for p, h in zip(told, happened, strict=True) if h]
    not_to = [p for p, h in zip(told, happened, strict=True) if not h]
    wins = [(p > q) + (p == q) / 2 for p in to for q in not_to]
    return mean(wins) if wins else None
