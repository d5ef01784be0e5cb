"""What happens to the events of one request: each is read, enriched and stored by itself, and
what became of it is told. A refused one is kept for a while where its site is known."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fastapi import Request
from msgspec import Raw

from api.auth.access import bearer_of, may_write_as_others, sites_of, user_of
from api.auth.models import User
from api.db.timeouts import Deadline
from api.errors import AnalyticsError, Unauthenticated
from api.events.admission import Limits, in_slices
from api.events.enrich.event import Sender, enrich
from api.events.models import Event, EventIn
from api.events.parse import Rejected, parse_event
from api.events.queue import Fates, WriteQueue
from api.events.rejected import RejectedEvent, rejected_event
from api.events.salts import Salts
from api.events.writer import Outcome, Result
from api.metrics import COMMIT_SECONDS, EVENTS, REJECTED
from api.sites.directory import DEFAULT_SITE, unknown_site
from api.sites.models import Site, utc_now

log = logging.getLogger("analytics.intake")

Fate = Event | AnalyticsError

EVENTS_BY_OUTCOME = {
    **{outcome: EVENTS.labels(outcome.value) for outcome in Outcome},
    None: EVENTS.labels("rejected"),
}

KEEP_SECONDS = 10.0
"""For how long rejected events wait to be kept."""

SITE = re.compile(rb'"site"\s*:\s*"([^"\\]{1,200})"')
"""Where an event that cannot be decoded says whose it is."""


async def take_in(
    request: Request, raw_events: Sequence[Raw], deadline: Deadline
) -> list[tuple[Fate, Outcome | None]]:
    """What became of each event: the event and its outcome, or why it was refused."""
    limits: Limits = request.app.state.limits
    user = await maybe_sender(request, deadline)
    if user is None:  # before the work, which is what a flood is after
        limits.admit_address(address_of(request), len(raw_events))
    async with limits.turn(len(raw_events)):
        parsed = [parse(raw) async for raw in in_slices(raw_events)]
        names = site_names(raw_events, parsed)
        sites = await sites_named(request, names, deadline)
        sender = await sender_of(request, deadline)
        senders = await senders_on(request, sender, user, sites, deadline)
        if user and not any(sender.trusted for sender in senders.values()):
            limits.admit_address(address_of(request), len(raw_events))
        limits.admit_sites(names, sites, senders)
        fates = [
            ready(request, event, sites.get(name), senders, name)
            async for event, name in in_slices(list(zip(parsed, names, strict=True)))
        ]
    told = await store(request, fates, deadline)
    keep(request, refusals(raw_events, [fate for fate, _ in told], names, sites, senders))
    return told


def keep(request: Request, refused: Iterable[RejectedEvent]) -> None:
    """Hands rejected events over to be kept, as far as there is room. Nobody waits for that: what a
    sender hears is decided by what is committed."""
    queue: WriteQueue[RejectedEvent, None] = request.app.state.rejected
    try:
        if events := list(refused):
            due = asyncio.get_running_loop().time() + KEEP_SECONDS
            queue.put(events, due).add_done_callback(note_loss)
    except Exception as error:
        log.warning("rejected events are not kept: %s", type(error).__name__)


def note_loss(kept: Fates[None]) -> None:
    """Says so when rejected events could not be kept."""
    if not kept.cancelled() and (error := kept.exception()):
        log.warning("rejected events are not kept: %s", type(error).__name__)


def parse(raw: Raw) -> EventIn | AnalyticsError:
    """The event in these bytes, or what is wrong with them."""
    try:
        return parse_event(raw)
    except AnalyticsError as error:
        return error


def site_names(raw_events: Sequence[Raw], parsed: Sequence[EventIn | AnalyticsError]) -> list[str]:
    """The site that each event names; one that cannot be read belongs to its neighbours'."""
    known = (event.site for event in parsed if isinstance(event, EventIn))
    usual = next(known, "") or DEFAULT_SITE
    return [
        (event.site or DEFAULT_SITE) if isinstance(event, EventIn) else site_named_in(raw, usual)
        for raw, event in zip(raw_events, parsed, strict=True)
    ]


def site_named_in(raw: Raw, usual: str) -> str:
    """The site named in bytes that are no valid event."""
    match = SITE.search(raw)
    return match[1].decode("utf-8", "replace") if match else usual


async def sites_named(
    request: Request, names: Sequence[str], deadline: Deadline
) -> Mapping[str, Site]:
    """The sites with these names; most of the time they are remembered."""
    sites = sites_of(request)
    remembered = sites.recall_all(names)
    return remembered or await deadline.within(sites.find_all(names))


async def senders_on(
    request: Request,
    sender: Sender,
    user: User | None,
    sites: Mapping[str, Site],
    deadline: Deadline,
) -> Mapping[int, Sender]:
    """The sender as seen by each site: trusted with identities and old times where their role
    allows it."""
    if user is None:
        return {site.number: sender for site in sites.values()}
    return {
        site.number: replace(
            sender, trusted=await deadline.within(may_write_as_others(request, site, user))
        )
        for site in sites.values()
    }


async def sender_of(request: Request, deadline: Deadline) -> Sender:
    """What the connection says about the sender."""
    now = utc_now()
    salts: Salts = request.app.state.salts
    known = salts.recall(now) or await deadline.within(salts.current(now))
    headers = request.headers
    return Sender(
        ip=address_of(request),
        user_agent=headers.get("user-agent", ""),
        headers=headers,
        now=now,
        salt_of=known.get,
    )


def address_of(request: Request) -> str:
    """Where the request comes from; used in memory only."""
    client = request.scope["client"]
    return client[0] if client else ""


async def maybe_sender(request: Request, deadline: Deadline) -> User | None:
    """The user who sends. Ingest is open, so a bad login is no reason to lose an event."""
    if not (token := bearer_of(request)):
        return None
    try:
        return await deadline.within(user_of(request, token))
    except Unauthenticated:
        return None


def ready(
    request: Request,
    event: EventIn | AnalyticsError,
    site: Site | None,
    senders: Mapping[int, Sender],
    name: str,
) -> Fate:
    """The event ready to be stored, or why it cannot be."""
    if isinstance(event, AnalyticsError):
        return event
    if site is None:
        return unknown_site(name)
    try:
        return enrich(event, site, senders[site.number], request.app.state.places)
    except AnalyticsError as error:
        return error
    except Exception as error:  # a mistake of ours, which costs this event and not its neighbours
        log.warning("an event cannot be enriched: %s", type(error).__name__)
        return Rejected("unstorable", "This event cannot be made sense of.")


async def store(
    request: Request, fates: Sequence[Fate], deadline: Deadline
) -> list[tuple[Fate, Outcome | None]]:
    """Stores what is valid and joins each event with the writer's word on it."""
    valid = [fate for fate in fates if isinstance(fate, Event)]
    queue: WriteQueue[Event, Result] = request.app.state.queue
    with COMMIT_SECONDS.time():
        results = iter(await queue.write(valid, deadline.at) if valid else [])
    told = [with_result(fate, results) for fate in fates]
    count(told)
    return told


def count(told: Sequence[tuple[Fate, Outcome | None]]) -> None:
    """Adds what became of the events to the metrics."""
    for outcome, number in Counter(outcome for _, outcome in told).items():
        EVENTS_BY_OUTCOME[outcome].inc(number)
    for fate, _ in told:
        if isinstance(fate, AnalyticsError):
            REJECTED.labels(fate.code).inc()


def with_result(fate: Fate, results: Iterator[Result]) -> tuple[Fate, Outcome | None]:
    """An event's own result, the next one, unless it had been refused before."""
    if isinstance(fate, AnalyticsError):
        return fate, None
    result = next(results)
    return (fate, result) if isinstance(result, Outcome) else (result, None)


def refusals(
    raw_events: Sequence[Raw],
    fates: Sequence[Fate],
    names: Sequence[str],
    sites: Mapping[str, Site],
    senders: Mapping[int, Sender],
) -> Iterator[RejectedEvent]:
    """What is kept of the events that were refused."""
    for raw, fate, name in zip(raw_events, fates, names, strict=True):
        site = sites.get(name)
        if site and isinstance(fate, AnalyticsError):
            yield rejected_event(raw, fate, site, senders[site.number])
