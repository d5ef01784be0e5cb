"""Ninety days of made-up traffic: the same seed, size and end make the same rows, for every engine.

Everything about a visitor, a visit or an event is drawn by a hash of its number, so that rows can
be made piece by piece and in any order. They are written as two Parquet files, visits in the order
in which they start and events all but in the order of time; visitors follow from the visits.
Only the starts of the visits are held in memory: a tenth of a kilobyte a visit while sorting.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.query.chance import Chance, Places
from bench.query.timeline import Timeline, timeline
from bench.query.world import (
    BROWSERS,
    DIRECT,
    LANGUAGES,
    PAGES,
    PLACES,
    PLANS,
    SOURCES,
    Weighted,
)

Flags = NDArray[np.bool_]

VISITS_PER_EVENT = 1 / 4
VISITS_AT_ONCE = 50_000

BOUNCES = 0.3
MORE_PAGES = 0.76
"""The chance of a next page view after the second one."""
MOST_PAGES = 24
LONGEST_STAY_MS = 240_000
"""Between two events: a visit is over in 100 minutes."""

SIGNUPS, PURCHASES = 0.03, 0.045
"""Of the visits with several pages; cumulated."""

FAITHFUL = 0.7
"""How often a visitor comes by the way that led them here at first."""
BY_HEART = 0.5
"""How often one who returns comes directly."""

MOMENT = pa.timestamp("ms")
"""UTC, without saying so: the engines that know time zones are told on loading."""

NAMES = ("pageview", "signup", "purchase")

COPIED = ("channel", "source", "country", "browser", "os", "device")
"""What a visit has and its events are given, too: peers filter events by it without a join."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Where the rows are, and how many."""

    visits_file: Path
    events_file: Path
    end: datetime
    visits: int
    visitors: int
    events: int


def make(folder: Path, events: int, seed: int, end: datetime) -> Dataset:
    """Makes about so many events, of exactly a quarter as many visits."""
    chance, visits = Chance(seed), int(events * VISITS_PER_EVENT)
    line = timeline(chance, visits, end)
    number = np.arange(visits)
    pages = pages_of(chance, number)
    sizes = pages + (kinds_of(chance, number, pages) > 0)
    firsts = np.cumsum(sizes) - sizes
    paths = folder / "visit.parquet", folder / "event.parquet"
    writers: list[pq.ParquetWriter] = []
    for lower in range(0, visits, VISITS_AT_ONCE):
        upper = min(lower + VISITS_AT_ONCE, visits)
        piece = Piece(chance, line, slice(lower, upper), pages[lower:upper], int(firsts[lower]))
        tables = piece.visits(), piece.events()
        if not writers:
            pairs = zip(paths, tables, strict=True)
            writers = [pq.ParquetWriter(path, table.schema) for path, table in pairs]
        for writer, table in zip(writers, tables, strict=True):
            writer.write_table(table)
    for writer in writers:
        writer.close()
    return Dataset(*paths, end, visits, int(line.ordinal.max()) + 1, int(sizes.sum()))


def pages_of(chance: Chance, visits: Places) -> Places:
    """How many pages each visit sees."""
    more = np.log(chance.share("pages", visits)) / np.log(MORE_PAGES)
    seen = np.minimum(2 + more.astype(np.int64), MOST_PAGES)
    return np.where(chance.share("bounce", visits) < BOUNCES, 1, seen)


def kinds_of(chance: Chance, visits: Places, pages: Places) -> Places:
    """What each visit ends with: 0 nothing more, 1 a sign-up, 2 a purchase."""
    luck = chance.share("kind", visits)
    kind = np.where(luck < SIGNUPS, 1, np.where(luck < PURCHASES, 2, 0))
    return np.where(pages > 1, kind, 0)


def moments(milliseconds: Places) -> pa.Array:
    """Times as Parquet has them."""
    return pa.array(milliseconds, pa.int64()).cast(MOMENT)


def words(places: Places, values: Sequence[str], missing: Flags | None = None) -> pa.Array:
    """Texts by their places in a list; null where they are missing."""
    return pa.DictionaryArray.from_arrays(pa.array(places, pa.int16(), mask=missing), list(values))


def columns(places: Places, among: Weighted[Any]) -> dict[str, pa.Array]:
    """The fields of named tuples as columns."""
    fields = zip(*among.values, strict=True)
    return {
        name: distinct_words(places, values)
        for name, values in zip(among.values[0]._fields, fields, strict=True)
    }


def distinct_words(places: Places, values: Sequence[str]) -> pa.Array:
    """Texts by their places in a list in which they may occur more than once."""
    distinct = list(dict.fromkeys(values))
    return words(np.array([distinct.index(value) for value in values])[places], distinct)


class Piece:
    """The rows of some consecutive visits."""

    def __init__(
        self, chance: Chance, line: Timeline, part: slice, pages: Places, first_event: int
    ) -> None:
        self.chance = chance
        self.number = np.arange(part.start, part.stop)
        self.started = line.started[part]
        self.first_seen = line.started[line.first[part]]
        self.ordinal = line.ordinal[part]
        self.is_return = line.first[part] < self.number
        self.pages = pages
        self.kind = kinds_of(chance, self.number, pages)
        sizes = pages + (self.kind > 0)
        self.last = np.cumsum(sizes) - 1
        self.entry = self.last - sizes + 1
        self.exit = self.entry + pages - 1
        self.visit = np.repeat(np.arange(len(pages)), sizes)
        self.event = first_event + np.arange(len(self.visit))
        self.is_last = np.arange(len(self.visit)) == self.last[self.visit]
        self.event_kind = np.where(self.is_last, self.kind[self.visit], 0)
        self.time = self.times()
        self.page = chance.pick("page", self.event - (self.event_kind > 0), PAGES)
        self.tenths = self.durations()
        self.ids = chance.ids("event", self.event)
        self.source = self.sources()
        self.context = self.contexts()

    def times(self) -> Places:
        """When each event happens."""
        stay = -np.log(self.chance.share("stay", self.event)) * 45_000 + 1_000
        pause = np.minimum(stay, LONGEST_STAY_MS).astype(np.int64)
        pause[self.entry] = 0
        total = np.cumsum(pause)
        return self.started[self.visit] + total - total[self.entry][self.visit]

    def durations(self) -> Places:
        """Tenths of seconds that were spent on most of the pages; 0 for the others."""
        share = self.chance.share("duration", self.event)
        tenths = np.minimum(-np.log(np.maximum(share - 0.2, 1e-9) / 0.8) * 350 + 1, 3000)
        return np.where((share > 0.2) & (self.event_kind == 0), tenths, 0).astype(np.int64)

    def cents(self) -> Places:
        """What was paid, 0 for all that is no purchase."""
        amounts = 500 + self.chance.bits("cents", self.event) % np.uint64(19_500)
        return np.where(self.event_kind == 2, amounts.astype(np.int64), 0)

    def sources(self) -> Places:
        """Where each visit comes from."""
        first = self.chance.pick("first source", self.ordinal, SOURCES)
        other = self.chance.pick("source", self.number, SOURCES)
        usual = np.where(self.chance.share("faithful", self.number) < FAITHFUL, first, other)
        knows = self.is_return & (self.chance.share("by heart", self.number) < BY_HEART)
        return np.where(knows, DIRECT, usual)

    def contexts(self) -> dict[str, pa.Array]:
        """What is true of each visit as a whole; of the visitor, but for the source."""
        return {
            **columns(self.source, SOURCES),
            **columns(self.chance.pick("place", self.ordinal, PLACES), PLACES),
            **columns(self.chance.pick("browser", self.ordinal, BROWSERS), BROWSERS),
            "language": words(
                self.chance.pick("language", self.ordinal, LANGUAGES), LANGUAGES.values
            ),
        }

    def visits(self) -> pa.Table:
        """The columns of visits that are not the same for all of them."""
        ended = self.time[self.last] + self.tenths[self.last] * 100
        return pa.table(
            {
                "visitor_id": self.chance.visitor_ids(self.ordinal),
                "started": moments(self.started),
                "id": self.chance.ids("visit", self.number),
                "visitor_number": pa.array(self.ordinal, pa.int32()),
                "first_seen": moments(self.first_seen),
                "engaged_from": moments(self.started),
                "last_event": moments(self.time[self.last]),
                "ended": moments(ended),
                "pageviews": pa.array(self.pages, pa.int32()),
                "events": pa.array(self.last - self.entry + 1, pa.int32()),
                "interactive_events": pa.array(self.kind > 0).cast(pa.int32()),
                "revenue": pa.array(self.cents()[self.last] / 100),
                "first_id": self.ids.take(pa.array(self.entry)),
                "entry_page": words(self.page[self.entry], PAGES.values),
                "entry_at": moments(self.started),
                "entry_id": self.ids.take(pa.array(self.entry)),
                "exit_page": words(self.page[self.exit], PAGES.values),
                "exit_at": moments(self.time[self.exit]),
                "exit_id": self.ids.take(pa.array(self.exit)),
                **{name: column for name, column in self.context.items() if name != "referrer"},
            }
        )

    def events(self) -> pa.Table:
        """The columns of events; after `visit_started`, what many engines copy from the visit."""
        cents, of = self.cents(), self.visit
        plans = self.chance.pick("plan", self.event, PLANS)
        is_first = np.arange(len(of)) == self.entry[of]
        table = pa.table(
            {
                "visitor_id": self.chance.visitor_ids(self.ordinal[of]),
                "time": moments(self.time),
                "id": self.ids,
                "visitor_number": pa.array(self.ordinal[of], pa.int32()),
                "visit_id": self.chance.ids("visit", self.number[of]),
                "name": words(self.event_kind, NAMES),
                "page": words(self.page, PAGES.values),
                "title": words(self.page, [f"About {page}" for page in PAGES.values]),
                "referrer": words(
                    np.where(is_first, self.source[of], DIRECT),
                    [source.referrer for source in SOURCES.values],
                ),
                "duration": pa.array(self.tenths / 10, mask=self.tenths == 0),
                "revenue": pa.array(cents / 100, mask=cents == 0),
                "currency": words(np.zeros_like(cents), ["EUR"], missing=cents == 0),
                "props": words(plans, PLANS.values, missing=self.event_kind != 1),
                "visit_started": moments(self.started[of]),
                **{name: self.context[name].take(pa.array(of)) for name in COPIED},
            }
        )
        return table.take(pa.array(np.argsort(self.time, kind="stable")))
