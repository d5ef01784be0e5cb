"""Ingest: what happens to the events of one request. Each is parsed, enriched and stored by itself,
and has its own outcome. Rejected events of a known site are stored, too, to be replayed later."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends
from msgspec import Raw
from starlette.requests import HTTPConnection

from api.addresses import plain_address
from api.auth.access import bearer_in, caller_from, is_trusted_sender, without_share
from api.auth.application import part
from api.auth.callers import NOBODY, Caller
from api.auth.keys import KEY_PREFIX, Scope
from api.db.database import Database
from api.db.timeouts import Deadline
from api.errors import AnalyticsError, Forbidden, Unauthenticated
from api.events.enrich.event import enrich
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Salts, Sender
from api.events.models import Event, EventIn
from api.events.receive.parse import parse_event
from api.events.receive.rate_limits import Limits, in_slices
from api.events.receive.rejection import EVENT, Reason, rejected
from api.events.rejected.store import RejectedEvent, rejected_event
from api.events.write.group_commit import Results, WriteQueue
from api.events.write.writer import Outcome, Result, Writer
from api.metrics import COMMIT_SECONDS, EVENTS, REJECTED
from api.sites.directory import DEFAULT_SITE, Sites, unknown_site
from api.sites.models import Site, utc_now

log = logging.getLogger("analytics.ingest")

EVENTS_BY_OUTCOME = {
    **{outcome: EVENTS.labels(outcome.value) for outcome in Outcome},
    None: EVENTS.labels("rejected"),
}

REJECTED_SECONDS = 10.0
"""For how long rejected events wait to be stored; after that they are lost."""

SITE = re.compile(rb'"site"\s*:\s*"([^"\\]{1,200})"')
"""The site in an event that cannot be decoded."""


@dataclass(slots=True, eq=False)
class Submission:
    """One event of a request on its way from bytes to its outcome. Each step fills in its field;
    `error` says that the event was refused, and takes it out of all that follows."""

    raw: Raw
    given: EventIn | None = None
    """The parsed event, as it was sent."""
    site_name: str = ""
    site: Site | None = None
    sender: Sender | None = None
    """Who sent it, and whether the site trusts them. None if the site is unknown."""
    event: Event | None = None
    """The event as it will be stored."""
    outcome: Outcome | None = None
    error: AnalyticsError | None = None

    @property
    def is_trusted(self) -> bool:
        return self.sender is not None and self.sender.trusted

    def parse(self) -> None:
        try:
            self.given = parse_event(self.raw)
        except AnalyticsError as error:
            self.error = error

    def name_site(self, usual: str) -> None:
        """Takes the site's name from the event, or from bytes that cannot be decoded; else
        `usual`."""
        if self.given:
            self.site_name = self.given.site or DEFAULT_SITE
        else:
            found = SITE.search(self.raw)
            self.site_name = found[1].decode("utf-8", "replace") if found else usual

    def enrich(self, geo: GeoLocator) -> None:
        if self.given is None:
            return
        if self.site is None or self.sender is None:
            self.error = unknown_site(self.site_name)
            return
        try:
            self.event = enrich(self.given, self.site, self.sender, geo)
        except AnalyticsError as error:
            self.error = error
        except Exception as error:  # a mistake of ours must not lose the other events
            log.warning("an event cannot be enriched: %s", type(error).__name__)
            problem = "could not be processed; the log says why"
            self.error = rejected(Reason.UNSTORABLE, EVENT, problem)

    def settle(self, result: Result) -> None:
        if isinstance(result, Outcome):
            self.outcome = result
        else:
            self.error = result


@dataclass(frozen=True, slots=True)
class Ingest:
    """Processes the events of requests; one object for each process."""

    database: Database
    sites: Sites
    salts: Salts
    limits: Limits
    geo: GeoLocator
    writer: Writer
    queue: WriteQueue[Event, Result]
    """Collects events into batches, which the writer stores (see event_queue in writer.py)."""
    rejected: WriteQueue[RejectedEvent, None]

    async def submit(
        self, raw_events: Sequence[Raw], request: HTTPConnection, deadline: Deadline
    ) -> list[Submission]:
        """Stores the events of a request. Returns their submissions, in order, after the COMMIT;
        each has its outcome or error. Raises TooManyRequests and Unavailable for all of them, and
        Unauthenticated and Forbidden for a bad API key."""
        caller = await self.caller_of(request, deadline)
        address = address_of(request)
        if caller.user is None:  # before the work, so that a flood costs none
            self.limits.admit_address(address, len(raw_events))
        async with self.limits.turn(len(raw_events)):
            submissions = [Submission(raw) for raw in raw_events]
            await in_slices(submissions, Submission.parse)
            await self._find_sites(submissions, deadline)
            await self._find_senders(submissions, request, caller, deadline)
            if caller.user and not any(s.is_trusted for s in submissions):
                self.limits.admit_address(address, len(raw_events))
            untrusted = Counter(s.site.key for s in submissions if s.site and not s.is_trusted)
            self.limits.admit_sites(untrusted)
            await in_slices(submissions, lambda submission: submission.enrich(self.geo))
        await self._store(submissions, deadline)
        self._store_rejected(submissions)
        return submissions

    async def caller_of(self, request: HTTPConnection, deadline: Deadline) -> Caller:
        """Who sends. Anybody may send, so a bad login must not lose an event. A bad key is refused:
        without what it unlocks a server's events would be stored as something else. Raises
        Unauthenticated and Forbidden."""
        if not (token := bearer_in(request)):
            return NOBODY
        try:
            caller = without_share(await deadline.within(caller_from(request, token, "")))
        except Unauthenticated:
            if token.startswith(KEY_PREFIX):
                raise
            return NOBODY
        if not caller.has(Scope.WRITE):
            raise Forbidden(f"This API key lacks the scope {Scope.WRITE}.")
        return caller

    async def _find_sites(self, submissions: Sequence[Submission], deadline: Deadline) -> None:
        """Sets the site of each submission. An event that cannot be decoded is taken to be for the
        site of the first one that can."""
        usual = next((s.given.site for s in submissions if s.given), "") or DEFAULT_SITE
        for submission in submissions:
            submission.name_site(usual)
        names = {submission.site_name for submission in submissions}
        sites = self.sites.recall_all(names) or await deadline.within(self.sites.find_all(names))
        for submission in submissions:
            submission.site = sites.get(submission.site_name)

    async def _find_senders(
        self,
        submissions: Sequence[Submission],
        request: HTTPConnection,
        caller: Caller,
        deadline: Deadline,
    ) -> None:
        """Sets the sender of each submission. Users are trusted on sites that they may edit. To an
        API key other sites are unknown."""
        untrusted = await self._untrusted_sender(request, deadline)
        senders: dict[int, Sender] = {}
        for submission in submissions:
            if not (site := submission.site):
                continue
            if site.number not in senders:
                trusted = caller.user and await deadline.within(
                    is_trusted_sender(self.database, caller, site)
                )
                senders[site.number] = replace(untrusted, trusted=True) if trusted else untrusted
            submission.sender = senders[site.number]
            if caller.key is not None and not submission.is_trusted:
                submission.site = submission.sender = None

    async def _untrusted_sender(self, request: HTTPConnection, deadline: Deadline) -> Sender:
        now = utc_now()
        salts = self.salts.recall(now) or await deadline.within(self.salts.current(now))
        headers = request.headers
        user_agent = headers.get("user-agent", "")
        return Sender(address_of(request), user_agent, headers, now, salts.get)

    async def _store(self, submissions: Sequence[Submission], deadline: Deadline) -> None:
        with COMMIT_SECONDS.time():
            await write_ready(submissions, lambda events: self.queue.write(events, deadline.at))
        for outcome, number in Counter(submission.outcome for submission in submissions).items():
            EVENTS_BY_OUTCOME[outcome].inc(number)
        for submission in submissions:
            if submission.error:
                REJECTED.labels(submission.error.code).inc()

    def _store_rejected(self, submissions: Sequence[Submission]) -> None:
        """Queues rejected events to be stored, if there is room. The response does not wait for
        them: it tells what is committed."""
        try:
            events = [
                rejected_event(s.raw, s.error, s.site, s.sender)
                for s in submissions
                if s.error and s.site and s.sender and self._is_kept(s.site, s.sender)
            ]
            if events:
                due = asyncio.get_running_loop().time() + REJECTED_SECONDS
                self.rejected.write(events, due).add_done_callback(log_loss)
        except Exception as error:
            log.warning("rejected events are not stored: %s", type(error).__name__)

    def _is_kept(self, site: Site, sender: Sender) -> bool:
        """Whether there is room for another rejected event of this sender."""
        return sender.trusted or self.limits.keeps_rejected(sender.ip, site.key)


async def write_ready(
    submissions: Sequence[Submission],
    write: Callable[[Sequence[Event]], Awaitable[Sequence[Result]]],
) -> None:
    """Writes the submissions that have an event, and sets their outcomes or errors."""
    events = [submission.event for submission in submissions if submission.event]
    results = iter(await write(events) if events else ())
    for submission in submissions:
        if submission.event:
            submission.settle(next(results))


def ingest_of(connection: HTTPConnection) -> Ingest:
    """The Ingest of this process."""
    return connection.app.state.ingest


ingest_part = part(ingest_of)

AppIngest = Annotated[Ingest, Depends(ingest_part)]


def address_of(request: HTTPConnection) -> str:
    """The IP address that the request comes from; only used in memory."""
    client = request.scope["client"]
    return plain_address(client[0]) if client else ""


def log_loss(stored: Results[None]) -> None:
    if not stored.cancelled() and (error := stored.exception()):
        log.warning("rejected events are not stored: %s", type(error).__name__)
