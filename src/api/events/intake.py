"""What happens to the events of one request: each is read, enriched and stored by itself, and
what became of it is told. A refused one is kept for a while where its site is known."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from fastapi import Request
from msgspec import Raw

from api.auth.access import bearer_of, may_write_as_others, sites_of, user_of
from api.auth.models import User
from api.errors import AnalyticsError, Unauthenticated
from api.events.admission import Limits, in_slices
from api.events.enrich.event import Sender, enrich
from api.events.models import Event, EventIn
from api.events.parse import Rejected, parse_event
from api.events.queue import WriteQueue
from api.events.rejected import RejectedEvent, rejected_event
from api.events.writer import Outcome, Result
from api.metrics import COMMIT_SECONDS, EVENTS, REJECTED
from api.sites.directory import DEFAULT_SITE, unknown_site
from api.sites.models import Site, utc_now

log = logging.getLogger("analytics.intake")

Fate = Event | AnalyticsError

SITE = re.compile(rb'"site"\s*:\s*"([^"\\]{1,200})"')
"""Where an event that cannot be decoded says whose it is."""


async def take_in(request: Request, raw_events: Sequence[Raw]) -> list[tuple[Fate, Outcome | None]]:
    """What became of each event: the event and its outcome, or why it was refused."""
    limits: Limits = request.app.state.limits
    user = await maybe_sender(request)
    if user is None:  # before the work, which is what a flood is after
        limits.admit_address(address_of(request), len(raw_events))
    async with limits.turn(len(raw_events)):
        parsed = [parse(raw) async for raw in in_slices(raw_events)]
        names = site_names(raw_events, parsed)
        sites = await sites_of(request).find_all(names)
        senders = await senders_on(request, user, sites.values())
        if user and not any(sender.trusted for sender in senders.values()):
            limits.admit_address(address_of(request), len(raw_events))
        limits.admit_sites(names, sites, senders)
        fates = [
            ready(request, event, sites.get(name), senders, name)
            async for event, name in in_slices(list(zip(parsed, names, strict=True)))
        ]
    told = await store(request, fates)
    refused = refusals(raw_events, [fate for fate, _ in told], names, sites, senders)
    if refused := list(refused):
        await request.app.state.rejected.write(refused)
    return told


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


async def senders_on(
    request: Request, user: User | None, sites: Iterable[Site]
) -> dict[int, Sender]:
    """The sender as seen by each site: trusted with identities and old times where their role
    allows it."""
    sender = await sender_of(request)
    return {
        site.number: replace(sender, trusted=await may_write_as_others(request, site, user))
        for site in sites
    }


async def sender_of(request: Request) -> Sender:
    """What the connection says about the sender."""
    now = utc_now()
    salts = await request.app.state.salts.current(now)
    return Sender(
        ip=address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        headers=request.headers,
        now=now,
        salt_of=salts.get,
    )


def address_of(request: Request) -> str:
    """Where the request comes from; used in memory only."""
    return request.client.host if request.client else ""


async def maybe_sender(request: Request) -> User | None:
    """The user who sends. Ingest is open, so a bad login is no reason to lose an event."""
    try:
        return await user_of(request, token) if (token := bearer_of(request)) else None
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


async def store(request: Request, fates: Sequence[Fate]) -> list[tuple[Fate, Outcome | None]]:
    """Stores what is valid and joins each event with the writer's word on it."""
    valid = [fate for fate in fates if isinstance(fate, Event)]
    queue: WriteQueue[Event, Result] = request.app.state.queue
    with COMMIT_SECONDS.time():
        results = iter(await queue.write(valid) if valid else [])
    told = [with_result(fate, results) for fate in fates]
    count(told)
    return told


def count(told: Sequence[tuple[Fate, Outcome | None]]) -> None:
    """Adds what became of the events to the metrics."""
    for outcome, number in Counter(outcome for _, outcome in told if outcome).items():
        EVENTS.labels(outcome.value).inc(number)
    for code, number in Counter(f.code for f, _ in told if isinstance(f, AnalyticsError)).items():
        EVENTS.labels("rejected").inc(number)
        REJECTED.labels(code).inc(number)


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
