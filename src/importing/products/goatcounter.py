"""GoatCounter: its CSV export of page views, of version 1 or 2.

A visitor is GoatCounter's session. A page view without one is a visitor of its own, as GoatCounter
counts it.
"""

from collections.abc import Iterator
from typing import Any

from importing.formats.request import MALFORMED, Skipped
from importing.products.entries import Entry, Found, as_known, as_sent, entries_of, time_of
from importing.products.files import Part, Unreadable
from importing.products.rows import Row, Table, csv_table
from importing.products.software import (
    browser_of,
    screen_of,
    split_version,
    subdivision_of,
    system_of,
)

COLUMNS = ("Path", "Event", "Session", "Bot", "Referrer", "Referrer scheme", "Date")
"""The columns that a file needs. The name of the first begins with the version of the export."""

VERSIONS = ("1", "2")

NO_SESSION = frozenset(("", "0", "00000000-0000-0000-0000-000000000000"))

LARGEST_HUMAN = 1
"""The column Bot is 0 for people, 1 for what no rule matched; larger numbers are kinds of bots."""


def read_goatcounter(part: Part) -> Iterator[Entry]:
    """The entries of a file. Raises Unreadable."""
    table = versioned(csv_table(part.stream))
    table.require(COLUMNS)
    yield from entries_of(table.rows, read_row)


def versioned(table: Table) -> Table:
    """The table with the first column's name as it is in all versions."""
    first, *others = table.columns
    version = first.removesuffix("Path")
    if version not in VERSIONS:
        raise Unreadable(
            f"begins with a column {first[:20]!r}; an export begins with"
            f" {' or '.join(f'{known}Path' for known in VERSIONS)}"
        )
    rows = (renamed(row, first) for row in table.rows)
    return Table(["Path", *others], rows)


def renamed(row: Row | Skipped, first: str) -> Row | Skipped:
    return row if isinstance(row, Skipped) else {"Path": row[first], **row}


def read_row(row: Row) -> Iterator[Entry]:
    if not row["Path"]:
        raise Skipped(MALFORMED)
    agent = row.get("UserAgent", "")
    known = {} if agent else known_of(row)
    yield Found(event_of(row, agent), "\n".join(row.values()), known, bot=bot_of(row["Bot"]))


def event_of(row: Row, agent: str) -> dict[str, Any]:
    session = "" if row["Session"] in NO_SESSION else row["Session"]
    is_event = row["Event"].lower() in ("true", "1")
    return as_sent(
        time=time_of(row["Date"]),
        name=row["Path"] if is_event else "pageview",
        page="" if is_event else row["Path"],
        title=row.get("Title", ""),
        user_agent=agent,
        visitor_id=session,
        language=row.get("Language", ""),
        **source_of(row["Referrer"], row["Referrer scheme"]),
        **screen_of(row.get("Screen size", "")),
    )


def source_of(referrer: str, scheme: str) -> dict[str, str]:
    """The field that says where a visitor came from: an address (h), the name of a campaign's
    source (c) or of a site that GoatCounter summed up (g), or something else (o)."""
    if scheme in ("c", "g"):
        return {"utm_source": referrer}
    is_bare = referrer and "://" not in referrer
    return {"referrer": f"https://{referrer}" if scheme == "h" and is_bare else referrer}


def known_of(row: Row) -> dict[str, str]:
    return as_known(
        **browser_of(*split_version(row.get("Browser", ""))),
        **system_of(*split_version(row.get("System", ""))),
        **subdivision_of(row.get("Location", "")),
    )


def bot_of(number: str) -> str:
    return "GoatCounter's bots" if number.isdecimal() and int(number[:4]) > LARGEST_HUMAN else ""
