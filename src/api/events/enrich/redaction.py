"""What of an address is stored: where it leads, not who was led there.

Of a query only campaign tags are read, and of a click id only that there was one. Parts of a path
that look like an e-mail address or a secret are replaced, before anything is stored.
"""

import re
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from api.events.enrich.known_sources import CLICK_IDS
from api.events.enrich.traffic_source import SOURCE_KEYS

CAMPAIGN_KEYS = frozenset(
    {*SOURCE_KEYS, "utm_medium", "utm_campaign", "utm_content", "utm_term", *CLICK_IDS}
)
"""The parameters of a query that say where a visit came from. No others are stored."""

EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]+?(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)

SIGNED = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{8,}+(?P<parts>(?:\.[\w-]*+)*+)")
"""A signed token, if it has several parts."""

MIXED = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}")
"""Letters and digits mixed, and longer than words and most names are. UUIDs are shorter in their
parts: what they name is more often a thing than a secret."""

LONG_HOST = re.compile(r"//[^/?#]{256}")
"""What is no host: a name has 253 characters, and to look at more takes quadratic time."""

USER_INFO = re.compile(r"(?<=//)[^/?#\s]*@")

ADDRESS = re.compile(
    # What follows a word and a slash, as in Chrome/142.0.0.0, is a version; not so in a path.
    r"(?P<version>(?<![\w./:@-])[A-Za-z][\w.-]*/(?:\d{1,3}\.){3}\d{1,3}(?![\w.]))"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<![\w:])(?:(?:[0-9a-f]{0,4}:){3,7}|[0-9a-f]{0,4}::)[0-9a-f]{0,4}(?![\w:])",
    re.IGNORECASE,
)

QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")


@lru_cache(maxsize=4096)
def redact(text: str) -> str:
    """Text without what looks like an e-mail address or a secret; of a few lengths, remembered."""
    return redact_secrets(text)


def redact_secrets(text: str) -> str:
    """Text of any length without what looks like an e-mail address or a secret."""
    text = redact_emails(text)
    if len(text) < 20:
        return text
    return MIXED.sub("[token]", SIGNED.sub(signed, text))


def signed(found: re.Match[str]) -> str:
    """The replacement of a signed token; itself, if it only begins like one."""
    return "[token]" if found["parts"] else found[0]


def redact_emails(text: str) -> str:
    """Text without what looks like an e-mail address."""
    return EMAIL.sub("[email]", text) if "@" in text or "%40" in text else text


def page_of(url: SplitResult) -> str:
    """The page is the path. Only a tracker told to count fragments sends one."""
    path = url.path if url.path.startswith("/") else f"/{url.path}"
    fragment = plain_fragment(url)
    return redact(f"{path}#{fragment}" if fragment else path)


def plain_fragment(url: SplitResult) -> str:
    """The fragment up to a question mark; one with values is a second query, and left out."""
    fragment = url.fragment.partition("?")[0]
    return "" if "=" in fragment else fragment


@lru_cache(maxsize=4096)
def referrer_of(text: str) -> str:
    """The referring page without query, fragment or the name of a user."""
    return redact(USER_INFO.sub("", re.split(r"[?#]", text, maxsplit=1)[0]))


def clean_url(text: str) -> str:
    """A whole address with nothing of its query but campaign tags."""
    try:
        url = split_address(text)
        pairs = parse_qsl(url.query)
    except ValueError:
        return redact_secrets(QUERY.sub("", text))
    tags = {key: campaign_value(key, value) for key, value in pairs if key in CAMPAIGN_KEYS}
    return url._replace(
        netloc=url.netloc.rpartition("@")[2],
        path=redact_secrets(url.path),
        query=urlencode(tags),
        fragment=redact_secrets(plain_fragment(url)),
    ).geturl()


def split_address(text: str) -> SplitResult:
    """An address in its parts. Raises ValueError for what is none."""
    if LONG_HOST.search(text):
        raise ValueError("The host is too long.")
    return urlsplit(text)


def campaign_value(key: str, value: str) -> str:
    """A campaign tag; of a click id, which names one person's click, nothing but that it is."""
    return "1" if key in CLICK_IDS else redact_emails(value)


def is_url(text: str) -> bool:
    """Whether text is a web address, as links and downloads have in their properties."""
    return text.startswith(("http://", "https://"))


def redact_all(text: str) -> str:
    """Any text without addresses, queries, e-mail addresses and secrets."""
    return redact_secrets(redact_addresses(QUERY.sub("", USER_INFO.sub("", text))))


def redact_addresses(text: str) -> str:
    """Text without addresses of machines; the version of a program looks like one."""
    return ADDRESS.sub(lambda found: found["version"] or "[address]", text)
