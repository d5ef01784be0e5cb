"""The country, region and city of a visit, by a header, a local database or the time zone."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any

import maxminddb

log = logging.getLogger(__name__)

# The paths of a fact in databases: nested as in GeoIP2, or flat as in free country databases.
COUNTRY = (("country", "iso_code"), ("country_code",))
REGION = (("subdivisions", 0, "names", "en"), ("subdivisions", 0, "iso_code"), ("state1",))
CITY = (("city", "names", "en"), ("city",))

# Aliases whose modern target lies in another country or, as an abbreviation, in no one country.
ALIASES = {
    "Africa/Asmera": "ER",
    "Africa/Timbuktu": "ML",
    "America/Coral_Harbour": "CA",
    "America/Virgin": "VI",
    "Antarctica/South_Pole": "AQ",
    "Atlantic/Jan_Mayen": "SJ",
    "Iceland": "IS",
    "Pacific/Johnston": "UM",
    "Pacific/Ponape": "FM",
    "Pacific/Truk": "FM",
    "Pacific/Yap": "FM",
    "CET": "",
    "EET": "",
    "EST": "",
    "HST": "",
    "MET": "",
    "MST": "",
    "WET": "",
}


@dataclass(frozen=True, slots=True)
class Location:
    """Country as ISO 3166 alpha-2 in upper case, region and city by English name; '' if unknown."""

    country: str
    region: str
    city: str


UNKNOWN = Location("", "", "")


class GeoLocator:
    """Finds the location of a request. The full address is neither stored nor looked up."""

    def __init__(self, database: Path | None, country_header: str | None) -> None:
        self.database: Path | None = database
        self.country_header: str | None = country_header
        self._warned: bool = False

    def locate(self, ip: str, headers: Mapping[str, str], timezone: str) -> Location:
        """The location by the header of a trusted proxy, else by the database, else by the country
        that the visitor's time zone belongs to, which is a guess."""
        return (
            self._from_header(headers)
            or self._from_database(ip)
            or _from_timezone(timezone)
            or UNKNOWN
        )

    def _from_header(self, headers: Mapping[str, str]) -> Location | None:
        name = self.country_header
        if not name:
            return None
        return _in_country(headers.get(name) or headers.get(name.lower()) or "")

    def _from_database(self, ip: str) -> Location | None:
        if self._reader is None:
            return None
        record = self._record(ip)
        found = _in_country(_first(record, COUNTRY))
        return found and Location(found.country, _first(record, REGION), _first(record, CITY))

    def _record(self, ip: str) -> object:
        assert self._reader
        try:
            return self._reader.get(_network(ip))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        except maxminddb.InvalidDatabaseError as error:
            self._warn(error)
        except ValueError:
            pass  # no address at all, or IPv6 asked of a database that has IPv4 only
        return None

    @cached_property
    def _reader(self) -> maxminddb.Reader | None:
        if self.database is None:
            return None
        try:
            return maxminddb.open_database(self.database)  # pyright: ignore[reportUnknownMemberType]
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            self._warn(error)
            return None

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            log.warning("location database %s cannot be used: %s", self.database, error)
        self._warned = True


def _network(ip: str) -> IPv4Address | IPv6Address:
    """The first address of the network an address is in: /24, or /48 for IPv6."""
    address = ip_address(ip)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    own_bits = 8 if isinstance(address, IPv4Address) else 80
    return type(address)(int(address) >> own_bits << own_bits)


def _first(record: object, paths: tuple[tuple[str | int, ...], ...]) -> str:
    texts = (_at(record, path) for path in paths)
    return next((text for text in texts if isinstance(text, str) and text), "")


def _at(record: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            record = record[step]
        except (KeyError, IndexError, TypeError):
            return None
    return record


def _in_country(code: str) -> Location | None:
    # Upper case turns some other letters into two: a sharp s would be South Sudan.
    country = code.strip().upper() if code.isascii() else ""
    return Location(country, "", "") if country in _countries() else None


def _from_timezone(timezone: str) -> Location | None:
    return _in_country(_zone_countries().get(timezone, ""))


@cache
def _countries() -> frozenset[str]:
    """ISO 3166 as the timezone database lists it, and Kosovo, which all databases call XK."""
    return frozenset(row[0] for row in _rows("iso3166.tab")) | {"XK"}


@cache
def _zone_countries() -> dict[str, str]:
    """The country of each IANA timezone, old names included: zone.tab has one country each."""
    zones = {row[2]: row[0] for row in _rows("zone.tab")}
    links = (row[1:] for row in _rows("tzdata.zi", " ") if row[0] == "L")
    return {alias: zones.get(target, "") for target, alias in links} | zones | ALIASES


def _rows(name: str, separator: str = "\t") -> Iterator[list[str]]:
    text = (files("tzdata") / "zoneinfo" / name).read_text("utf-8")
    return (line.split(separator) for line in text.splitlines() if not line.startswith("#"))
