"""Removes personal data and secrets from addresses and text, before anything is stored.

Of a query only campaign tags are stored, and of a click id only that there was one. Parts of a path
that look like an e-mail address or a secret are replaced.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from api.events.enrich.known_sources import CLICK_IDS
from api.events.enrich.page_rules import by_rules
from api.events.enrich.traffic_source import SOURCE_KEYS

CAMPAIGN_KEYS = frozenset(
    {*SOURCE_KEYS, "utm_medium", "utm_campaign", "utm_content", "utm_term", *CLICK_IDS}
)
"""The query parameters that name a traffic source. No others are stored."""

EMAIL = re.compile(
    # A handle (@jane@example.social) has an @ before it, a version (lodash@4.17.21) begins with two
    # numbers, and a domain ends with letters.
    r"(?<![\w.+%@-])[\w.+%-]+?(?:@|%40)(?!v?\d+\.\d)[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2}[\w-]*",
    re.IGNORECASE,
)

SIGNED = re.compile(r"(?<![A-Za-z0-9])eyJ[\w-]{8,}+(?P<parts>(?:\.[\w-]*+)*+)")
"""The beginning of a signed token (JWT); it is one if further parts follow."""

MIXED = re.compile(
    r"(?<![A-Za-z0-9])(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,}"
)
"""At least 20 digits, small and capital letters mixed: more often a secret than an id. Ids of
databases (ObjectId, ULID, UUID, digests) have letters of one case."""

LONG_ID = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{20,}")
"""At least 20 letters and digits mixed: an id, or a secret."""

AFTER_WORD = re.compile(
    r"(?<=/)((?:access|auth|api|reset|verification|confirmation|activation|invite|magic)?[-_]?"
    r"(?:token|reset|password|verify|confirm|activate|invite|invitation|magic|magic-link|"
    r"unsubscribe|auth|key|secret|otp|password-reset|reset-password))"
    r"/(?=[^/]*[0-9])[A-Za-z0-9_.~=-]{8,}",
    re.IGNORECASE,
)
"""A part of a path with a digit, after a part that says that a secret follows."""

ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")

LONGEST_PAGE = 2000
"""The most characters of a page that are stored."""

LONG_HOST = re.compile(r"//[^/?#]{256}")
"""Too long for a host name (253 characters at most); parsing it takes quadratic time."""

USER_INFO = re.compile(r"(?<=//)[^/?#\s]*@")

ADDRESS = re.compile(
    # After a word and a slash it is a version, as in Chrome/142.0.0.0, but not in a path.
    r"(?P<version>(?<![\w./:@-])[A-Za-z][\w.-]*/(?:\d{1,3}\.){3}\d{1,3}(?![\w.]))"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])"
    r"|(?<![\w:])(?:(?:[0-9a-f]{0,4}:){3,7}|[0-9a-f]{0,4}::)[0-9a-f]{0,4}(?![\w:])",
    re.IGNORECASE,
)

QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")


@lru_cache(maxsize=4096)
def redact(text: str) -> str:
    """redact_secrets, cached: for text of bounded length."""
    return redact_secrets(text)


def redact_secrets(text: str) -> str:
    """Text of any length without what looks like an e-mail address or a secret."""
    text = redact_emails(text)
    text = AFTER_WORD.sub(r"\1/[token]", text)
    return MIXED.sub("[token]", SIGNED.sub(signed, text)) if len(text) >= 20 else text


def signed(found: re.Match[str]) -> str:
    """The replacement of a signed token; text that only begins like one is kept."""
    return "[token]" if found["parts"] else found[0]


def redact_emails(text: str) -> str:
    return EMAIL.sub("[email]", text) if "@" in text or "%40" in text else text


def page_of(url: SplitResult, rules: Collection[str] = ()) -> str:
    """The page: the path and, from a tracker that is set to count fragments, the fragment; in one
    spelling, by the rules of the site (PageRule), and cut to what is stored."""
    path = url.path if url.path.startswith("/") else f"/{url.path}"
    fragment = plain_fragment(url)
    page = spelled(f"{path}#{fragment}" if fragment else path)
    return redact((by_rules(page, rules) if rules else page)[:LONGEST_PAGE])


def spelled(path: str) -> str:
    """The path in the one spelling in which it is stored (RFC 3986, 6.2.2): what need not be
    encoded is not, other octets are in capital letters, and Unicode is in normal form C."""
    path = path.replace(" ", "%20")
    if "%" in path:
        # Of the longest page each character may be encoded as four octets.
        path = ENCODED.sub(decoded, path[: 12 * LONGEST_PAGE])
    # Normalising takes quadratic time of long sequences of accents.
    return path if path.isascii() else unicodedata.normalize("NFC", path[:LONGEST_PAGE])


def decoded(found: re.Match[str]) -> str:
    octets = bytes.fromhex(found[0].replace("%", ""))
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return found[0].upper()
    return "".join(character if is_plain(character) else quote(character, "") for character in text)


def is_plain(character: str) -> bool:
    """Whether a character of a path means the same when it is not encoded."""
    if character.isascii():
        return character.isalnum() or character in "-._~"
    return character.isprintable() and not character.isspace()


def plain_fragment(url: SplitResult) -> str:
    """The fragment up to a question mark; '' for one with values, which is a second query."""
    fragment = url.fragment.partition("?")[0]
    return "" if "=" in fragment else fragment


def referrer_of(text: str) -> str:
    """The referring page without query, fragment and user name, cut to what is stored."""
    return kept_of_referrer(text[:LONGEST_PAGE])


@lru_cache(maxsize=4096)
def kept_of_referrer(text: str) -> str:
    return redact(USER_INFO.sub("", re.split(r"[?#]", text, maxsplit=1)[0]))


def clean_url(text: str) -> str:
    """An address with the campaign tags of its query only."""
    try:
        url = split_address(text)
        pairs = parse_qsl(url.query)
    except ValueError:
        return redact_secrets(QUERY.sub("", text))
    tags = {
        key: campaign_value(key, value) for key, value in plain_keys(pairs) if key in CAMPAIGN_KEYS
    }
    return url._replace(
        netloc=url.netloc.rpartition("@")[2],
        path=redact_secrets(url.path),
        query=urlencode(tags),
        fragment=redact_secrets(plain_fragment(url)),
    ).geturl()


def split_address(text: str) -> SplitResult:
    """An address in its parts. Raises ValueError for text that is not an address."""
    if LONG_HOST.search(text):
        raise ValueError("The host is too long.")
    return urlsplit(text)


def plain_keys(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The pairs of a query with keys in lower case, and without what is left of an ampersand that
    was written as HTML."""
    return ((key.lower().removeprefix("amp;"), value) for key, value in pairs)


def campaign_value(key: str, value: str) -> str:
    """The value of a campaign tag; "1" for a click id, which identifies one person's click."""
    return "1" if key in CLICK_IDS else redact_emails(value)


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def redact_all(text: str) -> str:
    """Any text without addresses, queries, e-mail addresses, secrets, and ids that may be some."""
    plain = redact_addresses(QUERY.sub("", USER_INFO.sub("", text)))
    return LONG_ID.sub("[token]", redact_secrets(plain))


def redact_addresses(text: str) -> str:
    """Text without IP addresses. A version of a program that looks like one is kept."""
    return ADDRESS.sub(lambda found: found["version"] or "[address]", text)
