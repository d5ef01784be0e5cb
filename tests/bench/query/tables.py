"""What was measured, as tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from math import isinf

from bench.query.loading import Costs
from bench.query.measure import Key

OURS = ("native", "portable")
CLICKHOUSE, BASE = "clickhouse", "base"

UNANSWERED = "n/a"

Medians = Mapping[str, Mapping[Key, float]]
"""Milliseconds by engine, question and range."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """A table of which the first columns are texts and the others numbers."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows)) + "\n"


def medians_table(medians: Medians) -> str:
    """Milliseconds of each question, by engine."""
    rows = [[*key, *(number(of.get(key)) for of in medians.values())] for key in keys_of(medians)]
    return table(["question", "range", *medians], rows, texts=2)


def ratios_table(medians: Medians) -> str:
    """Each of ours in terms of ClickHouse and of the base tables."""
    pairs = [
        (one, other)
        for other in (CLICKHOUSE, BASE)
        for one in (*OURS, BASE)
        if one in medians and other in medians and one != other
    ]
    rows = [
        [*key, *(compared(medians[one].get(key), medians[other].get(key)) for one, other in pairs)]
        for key in keys_of(medians)
    ]
    head = ["question", "range", *(f"{one} / {other}" for one, other in pairs)]
    return table(head, rows, texts=2)


def growth_table(medians: Medians, smaller: Medians) -> str:
    """Each question in terms of the same one on less data."""
    engines = [engine for engine in medians if engine in smaller]
    rows = [
        [*key, *(compared(medians[one].get(key), smaller[one].get(key)) for one in engines)]
        for key in keys_of(medians)
    ]
    return table(["question", "range", *engines], rows, texts=2)


def keys_of(medians: Medians) -> list[Key]:
    """Every question and range, in order."""
    return list(dict.fromkeys(key for of in medians.values() for key in of))


def number(value: float | None) -> str:
    """Three digits."""
    if value is None or isinf(value):
        return UNANSWERED
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def compared(one: float | None, other: float | None) -> str:
    """The ratio of two numbers, where there are two finite ones."""
    if one is None or other is None or isinf(one + other):
        return UNANSWERED
    return ratio(one / other)


def ratio(value: float) -> str:
    """Two digits."""
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def costs_table(costs: Mapping[str, Costs]) -> str:
    """What it takes to get events in and to keep the rollups current, per event."""
    head = ["", "ingest, µs", "refresh, µs", "refresh / ingest", "first refresh, µs", "copying, µs"]
    rows = [
        [
            profile,
            number(cost.writing / cost.written_events * 1e6),
            number(cost.refreshing / cost.written_events * 1e6),
            ratio(cost.refreshing / cost.writing),
            number(cost.first_refresh / cost.copied_events * 1e6),
            number(cost.copying / cost.copied_events * 1e6),
        ]
        for profile, cost in costs.items()
    ]
    return table(head, rows, texts=1)


def sizes_table(costs: Mapping[str, Costs], peers: Mapping[str, int], events: int) -> str:
    """Bytes on disk per event: tables with their indexes, rollups, and peers."""
    rows = [
        [
            profile,
            number((cost.tables - cost.empty) / cost.copied_events),
            number((cost.rolled_up - cost.tables) / cost.copied_events),
            number((cost.final - cost.empty) / events),
        ]
        for profile, cost in costs.items()
    ]
    rows += [
        [peer, number(size / events), "", number(size / events)] for peer, size in peers.items()
    ]
    return table(["", "tables, B", "rollups, B", "all in the end, B"], rows, texts=1)
