"""Where a visit comes from, and that a full address is never looked up."""

import logging
from ipaddress import IPv6Address, ip_network
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.events.enrich.geo import GeoLocator, Location

UNKNOWN = Location("", "", "")
INDIA = Location("IN", "", "")

NESTED = {
    "country": {"iso_code": "DE"},
    "subdivisions": [{"iso_code": "BY", "names": {"en": "Bavaria"}}],
    "city": {"names": {"en": "Munich", "de": "München"}},
}
FLAT_CITY = {"country_code": "FR", "state1": "Brittany", "city": "Rennes"}

RECORDS = {
    "203.0.113.0/25": NESTED,
    "203.0.113.128/25": {"country_code": "US"},
    "198.51.100.0/24": {"country_code": "jp"},
    "192.0.2.0/24": {"country": {"iso_code": "CA"}, "subdivisions": [{"iso_code": "QC"}]},
    "2001:db8::/64": FLAT_CITY,
    "2001:db8:0:1::/64": {"country_code": "US"},
    "2001:db8:2::/48": {"country_code": "nonsense", "city": "Nowhere"},
    "2001:db8:3::/48": {"country_code": 7, "subdivisions": {}, "city": []},
}


class TestHostileInput:
    @given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
    def test_any_address_and_header_are_accepted(self, ip: str, header: str, timezone: str) -> None:
        geo = GeoLocator(None, "CF-IPCountry")
        assert isinstance(geo.locate(ip, {"cf-ipcountry": header}, timezone), Location)

    @pytest.mark.parametrize(
        "ip", ["", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.4:80", "::1%eth0", "\0", "1" * 100_000]
    )
    def test_invalid_address_is_unknown(self, database: Path, ip: str) -> None:
        assert GeoLocator(database, None).locate(ip, {}, "") == UNKNOWN

    @pytest.mark.parametrize("content", [b"", b"not a database", b"\xab\xcd\xefMaxMind.com\xff"])
    def test_corrupt_database_is_unknown_and_one_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
    ) -> None:
        (tmp_path / "corrupt.mmdb").write_bytes(content)
        assert_warns_once(GeoLocator(tmp_path / "corrupt.mmdb", None), caplog)

    def test_missing_database_is_unknown_and_one_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert_warns_once(GeoLocator(tmp_path / "missing.mmdb", None), caplog)

    def test_folder_as_database_is_unknown_and_one_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert_warns_once(GeoLocator(tmp_path, None), caplog)

    def test_database_with_broken_data_is_unknown_and_one_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        content = mmdb({"203.0.113.0/24": {"country_code": "DE"}})
        broken = content.replace(b"\x4ccountry_code", b"\x3fcountry_code")
        assert broken != content
        (tmp_path / "broken.mmdb").write_bytes(broken)
        assert_warns_once(GeoLocator(tmp_path / "broken.mmdb", None), caplog)

    def test_timezone_is_used_when_database_is_broken(self, tmp_path: Path) -> None:
        geo = GeoLocator(tmp_path / "missing.mmdb", None)
        assert geo.locate("203.0.113.9", {}, "Asia/Kolkata") == INDIA


class TestHeader:
    @pytest.mark.parametrize("name", ["CF-IPCountry", "cf-ipcountry"])
    def test_country_header_of_proxy_wins(self, database: Path, name: str) -> None:
        geo = GeoLocator(database, "CF-IPCountry")
        assert geo.locate("203.0.113.9", {name: "br"}, "Asia/Kolkata") == Location("BR", "", "")

    @pytest.mark.parametrize("value", ["XX", "T1", "ZZ", "", "D", "DEU", "<b>", "ß", "D\0"])
    def test_country_header_without_country_is_skipped(self, value: str) -> None:
        assert (
            GeoLocator(None, "X-Country").locate("", {"x-country": value}, "Asia/Kolkata") == INDIA
        )

    def test_country_header_that_is_not_configured_is_ignored(self) -> None:
        for geo in (GeoLocator(None, None), GeoLocator(None, "")):
            assert geo.locate("", {"CF-IPCountry": "DE", "": "DE"}, "") == UNKNOWN


class TestDatabase:
    @pytest.mark.parametrize(
        ("ip", "place"),
        [
            ("203.0.113.9", Location("DE", "Bavaria", "Munich")),
            ("198.51.100.1", Location("JP", "", "")),
            ("192.0.2.77", Location("CA", "QC", "")),
            ("::ffff:198.51.100.1", Location("JP", "", "")),
            ("2001:db8::5", Location("FR", "Brittany", "Rennes")),
            ("2001:db8:2::1", UNKNOWN),
            ("2001:db8:3::1", UNKNOWN),
            ("8.8.8.8", UNKNOWN),
            ("127.0.0.1", UNKNOWN),
        ],
    )
    def test_database_is_read_in_both_formats(
        self, database: Path, ip: str, place: Location
    ) -> None:
        assert GeoLocator(database, None).locate(ip, {}, "") == place

    @pytest.mark.parametrize(
        ("ip", "country"), [("203.0.113.200", "DE"), ("2001:db8:0:1::5", "FR")]
    )
    def test_database_is_queried_with_network_prefix_only(
        self, database: Path, ip: str, country: str
    ) -> None:
        """The address itself is recorded as US; its /24 or /48 starts in another country."""
        assert GeoLocator(database, None).locate(ip, {}, "").country == country

    def test_database_wins_over_timezone(self, database: Path) -> None:
        assert GeoLocator(database, None).locate("198.51.100.1", {}, "Asia/Kolkata").country == "JP"

    def test_database_with_ipv4_only_does_not_know_ipv6(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "four.mmdb").write_bytes(mmdb({"192.0.2.0/24": {"country_code": "CA"}}, 4))
        geo = GeoLocator(tmp_path / "four.mmdb", None)
        assert geo.locate("2001:db8::1", {}, "Asia/Kolkata") == INDIA
        assert geo.locate("192.0.2.1", {}, "") == Location("CA", "", "")
        assert caplog.records == []

    def test_database_is_opened_when_first_needed(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        geo = GeoLocator(tmp_path / "missing.mmdb", "X-Country")
        assert geo.locate("203.0.113.9", {"x-country": "DE"}, "").country == "DE"
        assert caplog.records == []


class TestTimezone:
    @pytest.mark.parametrize(
        ("timezone", "country"),
        [
            ("Europe/Berlin", "DE"),
            ("America/New_York", "US"),
            ("America/Argentina/Buenos_Aires", "AR"),
            ("Africa/Accra", "GH"),
            ("Atlantic/Reykjavik", "IS"),
            ("Asia/Calcutta", "IN"),
            ("Asia/Saigon", "VN"),
            ("Europe/Kiev", "UA"),
            ("Europe/Belfast", "GB"),
            ("America/Montreal", "CA"),
            ("America/Coral_Harbour", "CA"),
            ("US/Pacific", "US"),
            ("Japan", "JP"),
            ("Iceland", "IS"),
            ("Pacific/Truk", "FM"),
        ],
    )
    def test_timezone_gives_country(self, timezone: str, country: str) -> None:
        assert GeoLocator(None, None).locate("", {}, timezone) == Location(country, "", "")

    @pytest.mark.parametrize(
        "timezone", ["", "UTC", "GMT", "Etc/GMT+3", "CET", "EST", "EST5EDT", "Mars/Base", "../etc"]
    )
    def test_timezone_without_country_is_unknown(self, timezone: str) -> None:
        assert GeoLocator(None, None).locate("", {}, timezone) == UNKNOWN

    def test_every_regional_timezone_gives_country(self) -> None:
        continents = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Pacific")
        zones = [zone for zone in available_timezones() if zone.partition("/")[0] in continents]
        geo = GeoLocator(None, None)
        assert len(zones) > 400
        assert [zone for zone in zones if not geo.locate("", {}, zone).country] == []


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("geo") / "geo.mmdb"
    path.write_bytes(mmdb(RECORDS))
    return path


def assert_warns_once(geo: GeoLocator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert [geo.locate("203.0.113.9", {}, "") for _ in range(3)] == [UNKNOWN] * 3
    assert len(caplog.records) == 1


def mmdb(records: dict[str, object], version: int = 6) -> bytes:
    """A MaxMind DB: a binary tree over address bits, its records, and a description."""
    nodes: list[list[int | bytes | None]] = [[None, None]]
    for network, record in records.items():
        path = address_bits(network, version)
        node = 0
        for bit in path[:-1]:
            if nodes[node][bit] is None:
                nodes[node][bit] = len(nodes)
                nodes.append([None, None])
            node = nodes[node][bit]
        nodes[node][path[-1]] = encoded(record)
    tree, data = b"", b""
    for side in (side for node in nodes for side in node):
        if isinstance(side, bytes):
            tree += (len(nodes) + 16 + len(data)).to_bytes(3, "big")
            data += side
        else:
            tree += (len(nodes) if side is None else side).to_bytes(3, "big")
    description = {
        "node_count": uint32(len(nodes)),
        "record_size": uint16(24),
        "ip_version": uint16(version),
        "database_type": "Test",
        "languages": ["en"],
        "binary_format_major_version": uint16(2),
        "binary_format_minor_version": uint16(0),
        "build_epoch": bytes([1, 2, 1]),  # a uint64 of one byte; 0 is refused
        "description": {"en": "Test"},
    }
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encoded(description)


def address_bits(network: str, version: int) -> list[int]:
    parsed = ip_network(network)
    size, length = parsed.max_prefixlen, parsed.prefixlen
    number = int(parsed.network_address)
    bits = [number >> (size - 1 - place) & 1 for place in range(length)]
    # In an IPv6 tree the IPv4 addresses live under ::/96.
    return (
        bits if isinstance(parsed.network_address, IPv6Address) or version == 4 else [0] * 96 + bits
    )


def encoded(value: object) -> bytes:
    """One value of the MaxMind DB data format; all of ours are under 29 long."""
    match value:
        case str():
            text = value.encode()
            return bytes([2 << 5 | len(text)]) + text
        case bytes():
            return value
        case int():
            return uint32(value)
        case list():
            return bytes([len(value), 11 - 7]) + b"".join(map(encoded, value))
        case dict():
            pairs = b"".join(encoded(part) for pair in value.items() for part in pair)
            return bytes([7 << 5 | len(value)]) + pairs
        case _:
            raise TypeError(value)


def uint16(number: int) -> bytes:
    return bytes([5 << 5 | 2]) + number.to_bytes(2, "big")


def uint32(number: int) -> bytes:
    return bytes([6 << 5 | 4]) + number.to_bytes(4, "big")
