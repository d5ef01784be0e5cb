"""What visitors did for the site: goals reached and money spent; and two segments compared."""

from collections.abc import Sequence
from decimal import Decimal
from math import erfc, hypot, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import GREENWICH, Range, bucket_of, buckets
from oracle.site import Site, average, bounce_rate, names_of, share, visitors_of
from oracle.steps import Goal
from oracle.visits import Event, Visit

Row = dict[str, Any]


def goals(site: Site, span: Range, clauses: Sequence[Clause] = ()) -> list[Row]:
    """One row for each goal, reached or not."""
    chosen = Filter(site, tuple(clauses))
    everybody = visitors_of(chosen.visits(site.visits_in(span)))
    rows = []
    for goal in site.goals.values():
        reached = [event for event in chosen.events(site.actions_in(span)) if goal.fits(event)]
        rows.append(
            {
                "name": goal.name,
                "conversions": len(reached),
                "visitors": visitors_of(reached),
                "visits": len({site.visit_of(event) for event in reached}),
                "conversion_rate": share(visitors_of(reached), everybody),
            }
        )
    return sorted(rows, key=lambda row: (-row["conversions"], row["name"]))


def revenue(
    site: Site,
    span: Range,
    dimension: str,
    attribution: str = "last",
    clauses: Sequence[Clause] = (),
) -> list[Row]:
    """One row for each value of a dimension and currency."""
    chosen = Filter(site, tuple(clauses))
    groups: dict[tuple[str, str], list[Event]] = {}
    for order in chosen.events(site.actions_in(span)):
        if order.revenue is not None:
            assert order.currency
            visit = site.visit_of(order)
            if attribution == "first":
                visit = next(v for v in site.visits_by(order.visitor) if site.is_first(v))
            value = chosen.value_of_visit(visit, dimension)
            groups.setdefault((value, order.currency), []).append(order)
    rows = [
        {dimension: value, **order_row(currency, orders)}
        for (value, currency), orders in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row["revenue"], row[dimension], row["currency"]))


def order_row(currency: str, orders: Sequence[Event]) -> Row:
    """Orders in one currency together."""
    total = float(amount_of(orders))
    return {
        "currency": currency,
        "revenue": total,
        "orders": len(orders),
        "visitors": visitors_of(orders),
        "average_order": total / len(orders),
    }


def amount_of(orders: Sequence[Event]) -> Decimal:
    """What was paid in all."""
    return sum((Decimal(order.revenue or 0) for order in orders), Decimal(0))


def conversions(
    site: Site, span: Range, interval: str, zone: ZoneInfo, clauses: Sequence[Clause] = ()
) -> list[Row]:
    """One row for each bucket, empty ones too."""
    chosen = Filter(site, tuple(clauses), zone)
    visits = chosen.visits(site.visits_in(span))
    events = chosen.events(site.actions_in(span))
    return [
        {
            "time": bucket,
            **conversion_row(
                site,
                [visit for visit in visits if bucket_of(visit.started, interval, zone) == bucket],
                [event for event in events if bucket_of(event.time, interval, zone) == bucket],
            ),
        }
        for bucket in buckets(span, interval, zone)
    ]


def conversion_totals(
    site: Site, span: Range, zone: ZoneInfo, clauses: Sequence[Clause] = ()
) -> Row:
    """The numbers of the range."""
    chosen = Filter(site, tuple(clauses), zone)
    visits, events = chosen.visits(site.visits_in(span)), chosen.events(site.actions_in(span))
    return {"goals": len(site.goals), **conversion_row(site, visits, events)}


def conversion_row(site: Site, visits: Sequence[Visit], events: Sequence[Event]) -> Row:
    """Goals reached in these events, and what was ordered."""
    reached = [event for event in events if any(goal.fits(event) for goal in site.goals.values())]
    paid = [event for event in events if event.revenue is not None]
    currencies = {order.currency for order in paid}
    return {
        "conversions": len(reached),
        "converted_visitors": visitors_of(reached),
        "conversion_rate": share(visitors_of(reached), visitors_of(visits)),
        "orders": len(paid),
        "revenue": float(amount_of(paid)) if len(currencies) < 2 else None,
        "currency": next(iter(currencies)) if len(currencies) == 1 else None,
    }


def segments(
    site: Site,
    span: Range,
    a: Sequence[Clause],
    b: Sequence[Clause],
    clauses: Sequence[Clause] = (),
) -> list[Row]:
    """One row for each of two segments."""
    filters = {"a": Filter(site, (*clauses, *a)), "b": Filter(site, (*clauses, *b))}
    visits = {name: chosen.visits(site.visits_in(span)) for name, chosen in filters.items()}
    shared = names_of(visits["a"]) & names_of(visits["b"])
    return [
        {
            "segment": name,
            **visit_numbers(visits[name]),
            "pageviews": len(chosen.events(site.views_in(span))),
            **newcomers(site, visits[name]),
            "shared_visitors": len(shared),
        }
        for name, chosen in filters.items()
    ]


def visit_numbers(visits: Sequence[Visit]) -> Row:
    """What can be said of visits without asking who made them before."""
    return {
        "visitors": visitors_of(visits),
        "visits": len(visits),
        "views_per_visit": average([len(visit.path) for visit in visits]),
        "bounce_rate": bounce_rate(visits),
        "visit_duration_seconds": average([visit.seconds for visit in visits]),
    }


def newcomers(site: Site, visits: Sequence[Visit]) -> Row:
    """How many of the visitors are here for the first time, and how many are not."""
    new = visitors_of([visit for visit in visits if site.is_first(visit)])
    return {"new_visitors": new, "returning_visitors": visitors_of(visits) - new}


def correlations(
    site: Site,
    span: Range,
    goal: Goal,
    unit: str,
    least: int,
    clauses: Sequence[Clause] = (),
    zone: ZoneInfo = GREENWICH,
) -> tuple[Row, list[Row]]:
    """All visits (or visitors), and one row for each thing done before the goal, with those who
    did it beside all others; by kind and name."""
    done: dict[Any, list[Event]] = {}
    for visit in Filter(site, tuple(clauses), zone).visits(site.visits_in(span)):
        deeds = done.setdefault(visit if unit == "visit" else visit.visitor, [])
        deeds += [event for event in visit.events if event.is_action]
    journeys = [until_goal(sorted(events, key=lambda e: e.order), goal) for events in done.values()]
    number, converted = len(journeys), sum(reached for _, reached in journeys)
    rows = []
    for kind, name in sorted(set().union(*(things for things, _ in journeys))):
        reached = [reached for things, reached in journeys if (kind, name) in things]
        others = number - len(reached)
        if least <= len(reached) <= number - least and 0 < converted < number:
            told = beside(sum(reached), len(reached), converted - sum(reached), others)
            rows.append({"kind": kind, "name": name, **told})
    for row in rows:
        larger = [other["p_value"] for other in rows if other["p_value"] >= row["p_value"]]
        at_most = [sum(other["p_value"] <= p for other in rows) for p in larger]
        row["q_value"] = min(p * len(rows) / n for p, n in zip(larger, at_most, strict=True))
    summary = {
        "number": number,
        "converted": converted,
        "rate": share(converted, number),
        "compared": len(rows),
    }
    return summary, rows


def until_goal(events: Sequence[Event], goal: Goal) -> tuple[set[tuple[str, str]], bool]:
    """What was done until the goal was reached, and whether it was."""
    done = set[tuple[str, str]]()
    for event in events:
        if goal.fits(event):
            return done, True
        done.add(("page", event.page) if event.is_view else ("event", event.name))
    return done, False


def beside(part: int, whole: int, other_part: int, other_whole: int) -> Row:
    """Two proportions side by side, at a confidence of 95 per cent."""
    rate, other_rate = part / whole, other_part / other_whole
    low, high = score_interval(rate, whole)
    other_low, other_high = score_interval(other_rate, other_whole)
    pooled = (part + other_part) / (whole + other_whole)
    variance = pooled * (1 - pooled) * (1 / whole + 1 / other_whole)
    score = (rate - other_rate) / sqrt(variance)
    return {
        "number": whole,
        "converted": part,
        "rate": rate,
        "rate_lower": low,
        "rate_upper": high,
        "others": other_whole,
        "others_converted": other_part,
        "others_rate": other_rate,
        "lift": rate / other_rate if other_rate else None,
        "difference": rate - other_rate,
        "difference_lower": rate - other_rate - hypot(rate - low, other_high - other_rate),
        "difference_upper": rate - other_rate + hypot(high - rate, other_rate - other_low),
        "score": score,
        "p_value": erfc(abs(score) / sqrt(2)),
    }


def score_interval(rate: float, number: int) -> tuple[float, float]:
    """The rates of which an observed one is 1.96 standard deviations away: the solutions of
    (observed - rate)² = 1.96² · rate · (1 - rate) / number."""
    spread = 1.959963984540054**2 / number
    a, b, c = 1 + spread, -(2 * rate + spread), rate**2
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))
