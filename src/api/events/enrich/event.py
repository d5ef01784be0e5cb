"""From what a sender said to what is stored: identity, time, page, source, agent, place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl
from uuid import UUID, uuid4, uuid5

from api.events.enrich.agent import Agent, read_agent
from api.events.enrich.hygiene import (
    clean_url,
    is_url,
    page_of,
    redact_emails,
    referrer_of,
    split_address,
)
from api.events.enrich.place import Places
from api.events.enrich.source import Source, read_source
from api.events.models import PAGEVIEW, Context, Event, EventIn, Revenue
from api.events.parse import Rejected
from api.events.salts import ONE_DAY, hashed, message_of, visitor_hash
from api.sites.models import Site

ACCEPTED_PAST = timedelta(days=7)
ACCEPTED_FUTURE = timedelta(minutes=5)
OLDEST_IMPORT = datetime(1995, 1, 1, tzinfo=UTC)
MAX_AMOUNT = Decimal("1e12")

ID_NAMESPACE = UUID("6f1f5b0e-2f0c-4f5a-9d5e-0a4b7c6a1d11")
"""For ids that are not UUIDs themselves."""

NO_AGENT = read_agent("")

SaltOf = Callable[[date], bytes | None]


@dataclass(frozen=True, slots=True)
class Sender:
    """What the connection says about who sent an event."""

    ip: str
    user_agent: str
    headers: Mapping[str, str]
    now: datetime
    salt_of: SaltOf
    """The salt of a day; None when it is forgotten or not made yet."""
    trusted: bool = False
    """May state identities and old times: an editor of the site, or an import."""
    known_as: int | None = None
    """The visitor, where the address is not known any more: a replay."""


def enrich(event: EventIn, site: Site, sender: Sender, places: Places) -> Event:
    """The event as it will be stored. Raises Rejected when the definitions exclude it."""
    time = kept_time(accepted_time(event.time, sender), site)
    url = split_url(event.page)
    hostname = (event.hostname or url.hostname or site.domain).lower()[:200]
    agent_text = (event.user_agent or sender.user_agent)[:512]
    agent = agent_of(event, sender)
    visitor_id, earlier = identity(event, site, sender, time, agent_text)
    identified = sender.trusted or site.identified
    amount, currency = revenue_of(event.revenue)
    return Event(
        site_id=site.number,
        site_key=site.key,
        id=event_id(event.id),
        own_id=event.id is not None,
        time=time,
        name=name_of(event),
        visitor_id=visitor_id,
        earlier_visitor_id=earlier,
        session_id=None if event.session_id is None else str(event.session_id),
        page=page_of(url) if event.page else "",
        hostname=hostname,
        title=redact_emails(event.title),
        referrer=referrer_of(event.referrer or ""),
        user_id=str(event.user_id) if identified and event.user_id is not None else None,
        duration=None if event.duration is None else Decimal(f"{event.duration:.3f}"),
        revenue=amount,
        currency=currency,
        interactive=event.interactive,
        props=props_of(event.props),
        context=context_of(event, url, hostname, agent, sender, places),
        user_agent=agent_text,
        bot=agent.bot,
        bot_category=agent.bot_category,
    )


def accepted_time(time: datetime | None, sender: Sender) -> datetime:
    """The sender's own clock where it is plausible, and the arrival where it is ahead: a browser
    whose clock is wrong is there all the same. Raises Rejected for what lies too far back, and for
    what a trusted sender, who knows the time, dates ahead."""
    if time is None:
        return sender.now
    try:
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError as error:
        raise Rejected("invalid_field", "time lies outside the calendar.") from error
    if time > sender.now + ACCEPTED_FUTURE:
        if sender.trusted:
            raise Rejected("future", "time lies more than 5 minutes ahead.")
        return sender.now
    if time < (OLDEST_IMPORT if sender.trusted else sender.now - ACCEPTED_PAST):
        raise Rejected("too_late", "time lies more than 7 days back; only imports may do that.")
    return time


def kept_time(time: datetime, site: Site) -> datetime:
    """A time that the site still keeps raw data of. Raises Rejected for an earlier one: the
    rollups of that day could not be computed again."""
    if site.raw_data_since and time < site.raw_data_since:
        raise Rejected(
            "expired", f"Events before {site.raw_data_since:%Y-%m-%d} are no longer kept."
        )
    return time


@lru_cache(maxsize=8192)
def split_url(page: str) -> SplitResult:
    """A path or URL in its parts; what cannot be split is a path."""
    try:
        url = split_address(page)
        _ = url.hostname, url.port
        return url
    except ValueError:
        return SplitResult("", "", page, "", "")


def name_of(event: EventIn) -> str:
    """A page without a name is a page view. Raises Rejected when there is neither."""
    if not event.name and not event.page:
        raise Rejected("nothing_happened", "An event has a page, a name, or both.")
    if event.name == PAGEVIEW and not event.page:
        raise Rejected("no_page", "A pageview has a page.")
    return event.name or PAGEVIEW


def event_id(given: str | int | None) -> UUID:
    """The sender's id as a UUID: itself where it is one, else derived; a new one without any."""
    if given is None:
        return uuid4()
    try:
        return UUID(str(given))
    except ValueError:
        return uuid5(ID_NAMESPACE, str(given))


def identity(
    event: EventIn, site: Site, sender: Sender, time: datetime, agent_text: str
) -> tuple[int, int | None]:
    """The visitor, and who it was under yesterday's salt. See Visitor in the definitions."""
    if sender.trusted or site.identified:
        if event.user_id is not None:
            return identified_as("user", site, str(event.user_id)), None
        if event.visitor_id is not None:
            return identified_as("visitor", site, str(event.visitor_id)), None
    return cookieless_identity(site, sender, time, agent_text)


def identified_as(kind: Literal["user", "visitor"], site: Site, name: str) -> int:
    """The visitor whom a site knows by this name."""
    return visitor_hash(kind.encode(), str(site.id), name)


def cookieless_identity(
    site: Site, sender: Sender, time: datetime, agent_text: str
) -> tuple[int, int | None]:
    """Who this is for a day, by address and user agent, and who it was the day before."""
    if sender.known_as is not None:
        return sender.known_as, None
    message = message_of((str(site.id), sender.ip, agent_text))
    day = time.date() if sender.salt_of(time.date()) else sender.now.date()
    salt, earlier = sender.salt_of(day), sender.salt_of(day - ONE_DAY)
    assert salt is not None
    return hashed(salt, message), hashed(earlier, message) if earlier else None


def props_of(props: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The properties, where links lead to places and carry nothing."""
    if not props:
        return None
    return {
        key: clean_url(value) if isinstance(value, str) and is_url(value) else value
        for key, value in props.items()
    }


def agent_of(event: EventIn, sender: Sender) -> Agent:
    """The visitor's browser. A program that posts events for others is not itself the visitor."""
    if event.user_agent:
        return read_agent(event.user_agent)
    agent = read_agent(sender.user_agent)
    return NO_AGENT if agent.bot_category == "http-library" else agent


def revenue_of(revenue: Revenue | None) -> tuple[Decimal | None, str | None]:
    """Amount and currency. Raises Rejected for amounts that are no amounts."""
    if revenue is None:
        return None, None
    # copy_abs, as abs rounds, and overflows on what JSON may say: 1e999999999999999999.
    if not revenue.amount.is_finite() or revenue.amount.copy_abs() >= MAX_AMOUNT:
        raise Rejected("invalid_field", "revenue.amount must be a number below 1e12.")
    return round(revenue.amount, 6), revenue.currency.upper()


def context_of(
    event: EventIn,
    url: SplitResult,
    hostname: str,
    agent: Agent,
    sender: Sender,
    places: Places,
) -> Context:
    """What the event would tell about a visit that it opens."""
    query = query_of(event, url) if url.query else campaign_of(event)
    source = source_of(event.referrer or "", tuple(query.items()), hostname)
    place = places.find(sender.ip, sender.headers, event.timezone)
    language = event.language or sender.headers.get("accept-language", "").split(",")[0]
    return Context(
        hostname=hostname,
        referrer_domain=source.referrer_domain,
        channel=source.channel,
        source=redact_emails(source.source),
        medium=redact_emails(source.medium),
        campaign=redact_emails(source.campaign),
        content=redact_emails(source.content),
        term=redact_emails(source.term),
        country=place.country,
        region=place.region,
        city=place.city,
        browser=agent.browser,
        browser_version=agent.browser_version,
        os=agent.os,
        os_version=agent.os_version,
        device=agent.device,
        screen=event.screen[:20],
        language=language.split(";")[0].strip()[:35],
    )


@lru_cache(maxsize=8192)
def source_of(referrer: str, query: tuple[tuple[str, str], ...], hostname: str) -> Source:
    """What brought the visit, worked out once: most events of a site say the same."""
    return read_source(referrer, dict(query), hostname)


def query_of(event: EventIn, url: SplitResult) -> dict[str, str]:
    """The query of the page, overruled by what the event says of its campaign itself."""
    return dict(parse_qsl(url.query, max_num_fields=None)) | campaign_of(event)


CAMPAIGN_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def campaign_of(event: EventIn) -> dict[str, str]:
    """What the event says of its campaign itself."""
    return {name: value for name in CAMPAIGN_FIELDS if (value := getattr(event, name))}
