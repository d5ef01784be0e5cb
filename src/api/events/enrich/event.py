"""From a parsed event to a stored one: identity, time, page, traffic source, software, location."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import SplitResult, parse_qsl
from uuid import UUID, uuid4, uuid5

from api.events.enrich.event_time import accepted_time
from api.events.enrich.geo import GeoLocator
from api.events.enrich.identity import Sender, identity
from api.events.enrich.observations import observed_props
from api.events.enrich.redaction import (
    CAMPAIGN_KEYS,
    LONGEST_PAGE,
    clean_url,
    is_url,
    page_of,
    plain_keys,
    redact_emails,
    referrer_of,
    split_address,
)
from api.events.enrich.senders import refuse_unwanted
from api.events.enrich.traffic_source import (
    LONGEST_TAG,
    LONGEST_URL,
    TrafficSource,
    read_traffic_source,
)
from api.events.enrich.user_agent import MACHINE, UNKNOWN, Agent, read_agent
from api.events.models import OBSERVATIONS, PAGEVIEW, Amount, Context, Event, EventIn
from api.events.receive.rejection import EVENT, Reason, rejected
from api.sites.models import Site

MAX_AMOUNT = Decimal("1e12")

ID_NAMESPACE = UUID("6f1f5b0e-2f0c-4f5a-9d5e-0a4b7c6a1d11")
"""The namespace of UUIDs that are derived from ids of another form."""

ANYBODYS_NAMESPACE = UUID("0d0f7c3e-64a5-4d0b-9a55-3c1f1f6f2b7a")
"""The same, for senders who are not trusted."""

NEED_PAGE = OBSERVATIONS | {PAGEVIEW}

RANDOM_VERSIONS = (4, 7)
"""The versions of UUIDs that consist of random bits mostly."""


def warm_up() -> None:
    """Loads the tables of user agents and sources: else the first event waits a second or more."""
    read_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
    read_traffic_source("https://www.example.com/", {}, "example.org")


def enrich(event: EventIn, site: Site, sender: Sender, geo: GeoLocator) -> Event:
    """The event as it will be stored. Raises Rejected when the definitions exclude it."""
    name = name_of(event)
    time = accepted_time(event, site, sender)
    url = split_url(event.page)
    hostname = (event.hostname or url.hostname or site.domain).lower()[:200]
    refuse_unwanted(hostname, site, sender)
    agent_text = (event.user_agent or sender.user_agent)[:512]
    agent = agent_of(event, sender)
    visitor = identity(event, site, sender, time, agent_text)
    identified = sender.trusted or site.identified
    amount, currency = revenue_of(event.revenue)
    return Event(
        site_id=site.number,
        site_key=site.key,
        id=event_id(event.id, trusted=sender.trusted),
        own_id=event.id is not None,
        time=time,
        name=name,
        visitor_id=visitor.today,
        earlier_visitor_id=visitor.earlier,
        later_visitor_id=visitor.later,
        session_id=None if event.session_id is None else str(event.session_id),
        page=page_of(url, site.page_rules) if event.page else "",
        hostname=hostname,
        title=redact_emails(event.title.strip()[:LONGEST_PAGE]),
        referrer=referrer_of(event.referrer or ""),
        user_id=str(event.user_id) if identified and event.user_id is not None else None,
        duration=None if event.duration is None else Decimal(f"{event.duration:.3f}"),
        revenue=amount,
        currency=currency,
        interactive=event.interactive,
        props=observed_props(event) if name in OBSERVATIONS else props_of(event.props),
        context=context_of(event, url, hostname, agent, sender, geo),
        user_agent=agent_text,
        bot=agent.bot,
        bot_category=agent.bot_category,
    )


def split_url(page: str) -> SplitResult:
    """A path or URL in its parts. Text that cannot be split is a path."""
    return split_short(page) if len(page) <= LONGEST_PAGE else split(page)


def split(page: str) -> SplitResult:
    # It begins with a path (RFC 9112), not with a host.
    page = f"/{page.lstrip('/')}" if page.startswith("//") else page
    try:
        url = split_address(page)
        _ = url.hostname, url.port
        return url
    except ValueError:
        return SplitResult("", "", page, "", "")


split_short = lru_cache(maxsize=8192)(split)
"""split, cached: for text of bounded length, as the cache lives as long as the process."""


def name_of(event: EventIn) -> str:
    """The name of the event; a page without a name is a page view. Raises Rejected without both."""
    if not event.name and not event.page:
        raise rejected(Reason.NOTHING_HAPPENED, EVENT, "needs a page, a name, or both")
    if event.name in NEED_PAGE and not event.page:
        raise rejected(Reason.NO_PAGE, "page", f"is missing, and a {event.name} needs one")
    return event.name or PAGEVIEW


def event_id(given: str | int | None, *, trusted: bool) -> UUID:
    """The sender's id as a UUID, derived from it where it is none; a random one without an id. Of
    other than trusted senders only a random UUID stays, which cannot be guessed: else anybody could
    use up the id of an event that is yet to come."""
    if given is None:
        return uuid4()
    try:
        own = UUID(str(given))
    except ValueError:
        own = None
    if own and (trusted or own.version in RANDOM_VERSIONS):
        return own
    return uuid5(ID_NAMESPACE if trusted else ANYBODYS_NAMESPACE, str(own or given))


def props_of(props: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The properties, with links reduced to what may be stored of an address."""
    if not props:
        return None
    return {
        key: clean_url(value) if isinstance(value, str) and is_url(value) else value
        for key, value in props.items()
    }


def agent_of(event: EventIn, sender: Sender) -> Agent:
    """The visitor's software, by the user agent of the event or else of the request. An HTTP
    library, or a program that is on no list, posts events for others: it is not the visitor's."""
    if event.user_agent:
        return read_agent(event.user_agent)
    agent = read_agent(sender.user_agent)
    return UNKNOWN if agent.bot_category in ("http-library", MACHINE) else agent


def revenue_of(revenue: Amount | None) -> tuple[Decimal | None, str | None]:
    """Amount and currency. Raises Rejected for an amount that is infinite or too large."""
    if revenue is None:
        return None, None
    # copy_abs, as abs() rounds, and overflows for a number such as 1e999999999999999999.
    if not revenue.amount.is_finite() or revenue.amount.copy_abs() >= MAX_AMOUNT:
        raise rejected(Reason.INVALID_FIELD, "revenue.amount", "must be a number below 1e12")
    return round(revenue.amount, 6), revenue.currency.upper()


def context_of(
    event: EventIn,
    url: SplitResult,
    hostname: str,
    agent: Agent,
    sender: Sender,
    geo: GeoLocator,
) -> Context:
    query = campaign_of(event, url)
    source = source_of((event.referrer or "")[:LONGEST_URL], tuple(query.items()), hostname)
    location = geo.locate(sender.ip, sender.headers, event.timezone)
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
        country=location.country,
        region=location.region,
        city=location.city,
        browser=agent.browser,
        browser_version=agent.browser_version,
        os=agent.os,
        os_version=agent.os_version,
        device=agent.device,
        screen=event.screen[:20],
        language=language.split(";")[0].strip()[:35],
    )


@lru_cache(maxsize=8192)
def source_of(referrer: str, query: tuple[tuple[str, str], ...], hostname: str) -> TrafficSource:
    """read_traffic_source, cached: most events of a site have the same traffic source."""
    return read_traffic_source(referrer, dict(query), hostname)


CAMPAIGN_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")


def campaign_of(event: EventIn, url: SplitResult) -> dict[str, str]:
    """The campaign tags of the page's fragment and query, overridden by those of the event."""
    own = {name: value for name in CAMPAIGN_FIELDS if (value := getattr(event, name))}
    return tags_of(url) | own if url.query or "=" in url.fragment else own


def tags_of(url: SplitResult) -> dict[str, str]:
    """The campaign tags in the fragment and the query of an address, by their keys."""
    fragment = url.fragment.rpartition("?")[2] if "=" in url.fragment else ""
    pairs = chain(parse_qsl(fragment), parse_qsl(url.query))
    return {key: value[:LONGEST_TAG] for key, value in plain_keys(pairs) if key in CAMPAIGN_KEYS}
