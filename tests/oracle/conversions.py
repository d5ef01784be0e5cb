"""What visitors did for the site: goals reached and money spent; and two segments compared."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from oracle.filters import Clause, Filter
from oracle.periods import Range, bucket_of, buckets
from oracle.site import Site, average, bounce_rate, names_of, share, visitors_of
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
