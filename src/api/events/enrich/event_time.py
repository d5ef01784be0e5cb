"""When an event happened: by the sender's clock, which may be wrong, and at the latest when it
arrived. See Event in docs/definitions.md."""

from datetime import UTC, datetime, timedelta

from api.events.enrich.identity import Sender
from api.events.models import EventIn
from api.events.receive.rejection import Reason, rejected
from api.sites.models import Site

ACCEPTED_PAST = timedelta(days=7)
ACCEPTED_FUTURE = timedelta(minutes=5)
SLOW_REQUEST = timedelta(seconds=10)
"""The longest time from `sent_at` to arrival that is taken for the latency of a request; a longer
one means that the sender's clock is slow. If times were corrected by the latency of each request,
the events of a visit could be stored in the wrong order."""
OLDEST_IMPORT = datetime(1995, 1, 1, tzinfo=UTC)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def accepted_time(event: EventIn, site: Site, sender: Sender) -> datetime:
    """The time of an event: many clocks are fast, and nothing happens after it arrived. Raises
    Rejected for a time that is too long ago, for one of a trusted sender that lies far ahead, and
    for one before the site's raw data, as its rollups could not be computed again."""
    time = corrected_time(event, sender.now)
    if time is None:
        return sender.now
    if sender.trusted and time > sender.now + ACCEPTED_FUTURE:
        raise rejected(Reason.FUTURE, "time", "is more than 5 minutes in the future")
    if time < (OLDEST_IMPORT if sender.trusted else sender.now - ACCEPTED_PAST):
        problem = "is more than 7 days ago, or before 1995 in an import"
        raise rejected(Reason.TOO_LATE, "time", problem)
    if site.raw_data_since and time < site.raw_data_since:
        problem = f"is before {site.raw_data_since:%Y-%m-%d}, and older data has expired"
        raise rejected(Reason.EVENT_EXPIRED, "time", problem)
    return min(time, sender.now)


def corrected_time(event: EventIn, arrived: datetime) -> datetime | None:
    """The time that the event names, None without one. A clock that is wrong is put right by the
    time at which the event was sent, if that is named, too. Raises Rejected."""
    time, sent = in_utc(event.time, "time"), in_utc(event.sent_at, "sent_at")
    if time is None or sent is None:
        return time
    slow = arrived - sent
    if timedelta(0) <= slow <= SLOW_REQUEST:
        return time
    try:
        return time + slow
    except OverflowError as error:
        raise rejected(Reason.INVALID_FIELD, "time", "is too far from sent_at") from error


def in_utc(time: datetime | int | None, field: str) -> datetime | None:
    """A time, or milliseconds since 1970, in UTC. Raises Rejected."""
    try:
        if isinstance(time, int):
            return EPOCH + timedelta(milliseconds=time)
        return time and (time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
    except OverflowError as error:
        problem = "must lie in the years 1 to 9999 of UTC"
        raise rejected(Reason.INVALID_FIELD, field, problem) from error
