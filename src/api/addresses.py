"""IP addresses, as they are written by clients, proxies and logs."""

import re
from ipaddress import IPv6Address, ip_address

LONGEST = 100
"""Characters of an address with a port, and some to spare."""

WITH_PORT = re.compile(r"(?:\[(?P<inner>[^\]]*)\]|(?P<ipv4>[^:\[]*))(?::[0-9]{1,5})?")
"""Matches an IPv6 address in brackets or an IPv4 address, with a port or without."""


def plain_address(address: str) -> str:
    """An IP address in one spelling; an IPv4 address that was written as one of IPv6
    (::ffff:203.0.113.7) is that IPv4 address. Other text stays."""
    # Not cached: what a proxy passes on may be text of any length, and caches live for long.
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or found)


def address_in(text: str) -> str:
    """The address that a text is, with or without brackets and a port, in one spelling; '' for any
    other text."""
    text = text.strip()
    if len(text) > LONGEST:
        return ""
    if found := WITH_PORT.fullmatch(text):
        text = found["inner"] or found["ipv4"] or ""
    try:
        return plain_address(str(ip_address(text)))
    except ValueError:
        return ""
