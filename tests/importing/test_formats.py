"""Each format of access logs: what is read of its lines, and what is refused."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import Invalid
from importing.formats.request import HEADING, MALFORMED, Request, Skipped
from importing.formats.table import (
    BY_NAME,
    FORMATS,
    REQUEST,
    format_called,
    format_of,
    result_of,
)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
TIME = datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC)
LOCAL = "[01/Mar/2026:10:30:15 +0100]"
ASKED = '"GET /shop?utm_source=letter HTTP/1.1" 200 5120'
FROM = '"https://search.example/" '

CLOUDFRONT = (
    "#Version: 1.0",
    "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status"
    " cs(Referer) cs(User-Agent) cs-uri-query x-host-header",
    "2026-03-01\t09:30:15\tFRA2\t5120\t203.0.113.7\tGET\td111.cloudfront.example\t/shop\t200"
    f"\thttps://search.example/\t{FIREFOX.replace(' ', '%2520')}\tutm_source=letter\texample.com",
)
IIS = (
    "#Software: Microsoft Internet Information Services 10.0",
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip"
    " cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    "2026-03-01 09:30:15 10.0.0.5 GET /shop utm_source=letter 443 - 203.0.113.7"
    f" {FIREFOX.replace(' ', '+')} https://search.example/ 200 0 0 15",
)
GCS = (
    '"time_micros","c_ip","c_ip_type","cs_method","cs_uri","sc_status","cs_host","cs_referer",'
    '"cs_user_agent"',
    '"1772357415000000","203.0.113.7","1","GET","/shop?utm_source=letter","200","example.com",'
    f'"https://search.example/","{FIREFOX}"',
)


def request(**differences: object) -> Request:
    """The request that most examples tell of."""
    told = {
        "address": "203.0.113.7",
        "time": TIME,
        "method": "GET",
        "target": "/shop?utm_source=letter",
        "status": 200,
        "hostname": "",
        "referrer": "https://search.example/",
        "agent": FIREFOX,
    }
    return Request(**{**told, **differences})  # type: ignore[arg-type]


EXAMPLES: dict[str, tuple[str, Sequence[str], Request]] = {
    "combined": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "nginx with one more field": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}" "198.51.100.9"',),
        request(),
    ),
    "Traefik with four more fields": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}" 7 "shop@file" "http://10.0.0.2" 3ms',),
        request(),
    ),
    "list of forwarded addresses": (
        "combined",
        (f'203.0.113.7, 10.0.0.1 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "list that begins with an unknown address": (
        "combined",
        (f'unknown, 203.0.113.7,10.0.0.1 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "user with a blank": (
        "combined",
        (f'203.0.113.7 - john doe {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "double blanks of Jetty": (
        "combined",
        (f'203.0.113.7 -  -  {LOCAL} {ASKED}  {FROM}"{FIREFOX}"',),
        request(),
    ),
    "IPv6 and a port": (
        "combined",
        (f'[2001:db8::7]:51234 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(address="2001:db8::7"),
    ),
    "IPv4 address written as IPv6": (
        "combined",
        (f'::ffff:203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "after syslog": (
        "combined",
        (f'Mar  1 09:30:15 web nginx: 203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(),
    ),
    "escaped quotes": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} {ASKED} "-" "a \\"b\\" \\\\ c"',),
        request(referrer="", agent='a "b" \\ c'),
    ),
    "target that is a URL": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} "GET http://other.example/a HTTP/1.1" 200 1 {FROM}"-"',),
        request(target="/a", agent=""),
    ),
    "target that begins with two slashes": (
        "combined",
        (f'203.0.113.7 - - {LOCAL} "GET //blog/post-1 HTTP/1.1" 200 1 {FROM}"{FIREFOX}"',),
        request(target="//blog/post-1"),
    ),
    "vhost_combined": (
        "vhost_combined",
        (f'example.com:443 203.0.113.7 - - {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(hostname="example.com"),
    ),
    "vhost_combined with IPv6": (
        "vhost_combined",
        (f'example.com:443 2001:db8::7 - john doe {LOCAL} {ASKED} {FROM}"{FIREFOX}"',),
        request(hostname="example.com", address="2001:db8::7"),
    ),
    "common": (
        "common",
        (f"203.0.113.7 - frank {LOCAL} {ASKED}",),
        request(referrer="", agent=None),
    ),
    "elb": (
        "elb",
        (
            "2026-03-01T09:30:15.000000Z shop-lb 203.0.113.7:2817 10.0.0.1:80 0.1 0.2 0.3 200 200"
            f' 0 29 "GET http://example.com:80/shop?utm_source=letter HTTP/1.1" "{FIREFOX}" - -',
        ),
        request(hostname="example.com", referrer=""),
    ),
    "alb": (
        "alb",
        (
            "h2 2026-03-01T09:30:15.000000Z app/shop/50dc6c495c0c9188 203.0.113.7:2817 -"
            " 0.1 0.2 0.3 200 - 0 29"
            f' "GET https://example.com:443/shop?utm_source=letter HTTP/2.0" "{FIREFOX}"'
            ' ECDHE TLSv1.2 - "Root=1-58337281" "example.com" "-" 1 - "forward" "-" "-"',
        ),
        request(hostname="example.com", referrer=""),
    ),
    "haproxy": (
        "haproxy",
        (
            "Mar  1 09:30:15 lb haproxy[14389]: 203.0.113.7:33317 [01/Mar/2026:09:30:15.000]"
            " http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {example.com|x}"
            ' {} "GET /shop?utm_source=letter HTTP/1.1"',
        ),
        request(referrer="", agent=None),
    ),
    "caddy": (
        "caddy",
        (
            '{"level":"info","ts":1772357415,"logger":"http.log.access","request":{"remote_ip":'
            '"10.0.0.1","client_ip":"203.0.113.7","method":"GET","host":"example.com:8443","uri":'
            f'"/shop?utm_source=letter","headers":{{"User-Agent":["{FIREFOX}"],"Referer":'
            '["https://search.example/"]}},"status":200,"size":5120}',
        ),
        request(hostname="example.com"),
    ),
    "caddy without user agent": (
        "caddy",
        (
            '{"ts":1772357415,"request":{"remote_ip":"203.0.113.7","method":"GET","host":'
            '"example.com","uri":"/shop?utm_source=letter","headers":{"Referer":'
            '["https://search.example/"]}},"status":200}',
        ),
        request(hostname="example.com", agent=""),
    ),
    "traefik": (
        "traefik",
        (
            '{"ClientAddr":"203.0.113.7:51422","ClientHost":"203.0.113.7","DownstreamStatus":200,'
            '"RequestHost":"example.com","RequestMethod":"GET","RequestPath":'
            '"/shop?utm_source=letter","StartUTC":"2026-03-01T09:30:15.000000123Z",'
            f'"request_Referer":"https://search.example/","request_User-Agent":"{FIREFOX}"}}',
        ),
        request(hostname="example.com"),
    ),
    "nginx_json": (
        "nginx_json",
        (
            '{"time_iso8601":"2026-03-01T10:30:15+01:00","remote_addr":"203.0.113.7","request":'
            '"GET /shop?utm_source=letter HTTP/1.1","status":"200","http_referrer":'
            f'"https://search.example/","http_user_agent":"{FIREFOX}"}}',
        ),
        request(),
    ),
    "nginx_json with method and address": (
        "nginx_json",
        (
            '{"@timestamp":1772357415.0,"client_ip":"203.0.113.7","method":"GET","uri":"/shop",'
            '"args":"utm_source=letter","status":200,"referer":"https://search.example/",'
            f'"user_agent":"{FIREFOX}","host":"example.com"}}',
        ),
        request(hostname="example.com"),
    ),
    "cloudfront": ("cloudfront", CLOUDFRONT, request(hostname="example.com")),
    "iis": ("iis", IIS, request()),
    "gcs": ("gcs", GCS, request(hostname="example.com")),
}

LAYOUTS = {
    '$remote_addr - $remote_user [$time_local] "$request" $status "$http_referer" '
    '"$http_user_agent"': f'203.0.113.7 - x {LOCAL} {ASKED[:-5]} {FROM}"{FIREFOX}"',
    '%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\"': (
        f'203.0.113.7 - x {LOCAL} {ASKED} {FROM}"{FIREFOX}"'
    ),
    '%{X-Forwarded-For}i %t %m "%U%q" %s "%{Referer}i" "%{User-agent}i"': (
        f'203.0.113.7, 10.0.0.1 {LOCAL} GET "/shop?utm_source=letter" 200 {FROM}"{FIREFOX}"'
    ),
    "$time_iso8601|$status|${remote_addr}|$request_method|$uri|$args|$http_referer"
    "|$http_user_agent": (
        "2026-03-01T09:30:15Z|200|203.0.113.7|GET|/shop|utm_source=letter|https://search.example/"
        f"|{FIREFOX}"
    ),
    '{"at":"$msec","from":"$remote_addr","what":"$request","how":$status,'
    '"before":"$http_referer","by":"$http_user_agent"}': (
        '{"at":"1772357415.000","from":"203.0.113.7","what":'
        '"GET /shop?utm_source=letter HTTP/1.1","how":200,'
        f'"before":"https://search.example/","by":"{FIREFOX}"}}'
    ),
}


def reason_of(read: Callable[[str], Request], line: str) -> str:
    """Why a line is no request."""
    with pytest.raises(Skipped) as error:
        read(line)
    return str(error.value)


@pytest.mark.parametrize("name", ["nginx", "", "Combined", "combined "])
def test_unknown_format_is_refused_with_all_names(name: str) -> None:
    with pytest.raises(Invalid) as error:
        format_called(name)
    assert all(known in str(error.value.problems[0].problem) for known in ["auto", *BY_NAME])


@pytest.mark.parametrize(
    ("layout", "lacking"),
    [
        ("$remote_addr", ("a time", "a request", "a status")),
        ("%h %t %>s", ("a request",)),
        ('[$time_local] "$request" $status', ("an address",)),
        ("%D %D", ("an address", "a time", "a request", "a status")),
    ],
)
def test_layout_that_lacks_fields_is_refused_with_all_of_them(
    layout: str, lacking: Sequence[str]
) -> None:
    with pytest.raises(Invalid) as error:
        format_called(layout)
    problem = error.value.problems[0].problem
    fields = ("an address", "a time", "a request", "a status")
    assert [one for one in fields if one in problem] == [*lacking]


@pytest.mark.parametrize(
    "lines", [(), ("",), ("not a log line",), ("\0\1\2",), ('{"a":1}',), ("[]",), ("2026-03-01 x",)]
)
def test_lines_of_no_format_have_none(lines: Sequence[str]) -> None:
    assert format_of(lines) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        f'203.0.113.7 - - [31/Feb/2026:10:00:00 +0000] {ASKED} "-" "x"',
        f'203.0.113.7 - - [01/Mar/2026:10:00:00 +9900] {ASKED} "-" "x"',
        f'203.0.113.7 - - {LOCAL} "GET / HTTP/1.1" 20 1 "-" "x"',
        f'203.0.113.7 - - {LOCAL} "GET / HTTP/1.1" 200 1 "-" "x',
        f'- - - {LOCAL} {ASKED} "-" "x"',
    ],
)
def test_line_that_does_not_fit_is_malformed(line: str) -> None:
    assert reason_of(BY_NAME["combined"].reader(), line) == MALFORMED


def test_combined_line_with_stray_quote_is_not_common() -> None:
    assert format_of([f'203.0.113.7 - - {LOCAL} {ASKED} "-" "a "b" c"']) is None


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://other.example", "/"),
        ("HTTPS://other.example:443/a?b=/c", "/a?b=/c"),
        ("http://other.example?b=/c", "/?b=/c"),
        ("http://[::1/a", "/"),
        ("http://other.example//a", "//a"),
        ("/a?b=http://other.example/", "/a?b=http://other.example/"),
    ],
)
def test_target_is_path_and_query_without_host(target: str, path: str) -> None:
    line = f'203.0.113.7 - - {LOCAL} "GET {target} HTTP/1.1" 200 1 "-" "x"'
    assert BY_NAME["combined"].reader()(line).target == path


@pytest.mark.parametrize("lines", [CLOUDFRONT, IIS, GCS], ids=["cloudfront", "iis", "gcs"])
def test_row_without_heading_is_malformed(lines: Sequence[str]) -> None:
    found = format_of(lines)
    assert found
    assert reason_of(found.reader(), lines[-1]) == MALFORMED
    assert reason_of(found.reader(), lines[-2]) == HEADING


@pytest.mark.parametrize("example", EXAMPLES)
def test_format_of_example_is_found_and_read(example: str) -> None:
    name, lines, expected = EXAMPLES[example]
    found = format_of(lines)
    assert found
    assert found.name == name
    read = found.reader()
    assert {reason_of(read, heading) for heading in lines[:-1]} <= {HEADING}
    assert read(lines[-1]) == expected


def test_format_of_log_that_begins_slowly_is_found_by_headings() -> None:
    assert [found.name for lines in (IIS[:1], IIS[:2], GCS[:1]) if (found := format_of(lines))] == [
        *("iis", "iis", "gcs")
    ]


def test_every_format_has_example() -> None:
    assert {name for name, _, _ in EXAMPLES.values()} == {one.name for one in FORMATS}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_reads_what_it_names(layout: str) -> None:
    chosen = format_called(layout)
    assert chosen
    assert chosen.reader()(LAYOUTS[layout]) == request()


def test_format_of_most_lines_is_found_despite_others() -> None:
    combined, common = EXAMPLES["combined"][1][0], EXAMPLES["common"][1][0]
    found = format_of(["garbage", *[combined] * 60, *[common] * 10])
    assert found
    assert found.name == "combined"


def pieces(line: str) -> list[str]:
    """What a line is made of."""
    return [*line.replace('"', ' " ').replace(",", " , ").split(" "), line, line[: len(line) // 2]]


@pytest.mark.parametrize("name", EXAMPLES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_hostile_line_is_request_or_skipped(name: str, data: st.DataObject) -> None:
    format_name, lines, _ = EXAMPLES[name]
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    part = st.one_of(st.sampled_from([*pieces(lines[-1]), '"', "[", "{", "\t", "-", "%"]), text)
    line = " ".join(data.draw(st.lists(part, max_size=20)))
    read = BY_NAME[format_name].reader()
    for given_line in (*lines[:-1], line):
        assert result_of(read, given_line) in (REQUEST, MALFORMED, HEADING)


@pytest.mark.parametrize(
    "value", ["1e999", "NaN", "9" * 400, "[[[[", "{}", "null", "-1", '"\\ud8"']
)
@pytest.mark.parametrize("field", ["ts", "status", "request", "uri", "headers"])
def test_hostile_json_is_request_or_skipped(field: str, value: str) -> None:
    line = EXAMPLES["caddy"][1][0]
    start = line.index(f'"{field}":') + len(field) + 3
    read = BY_NAME["caddy"].reader()
    for hostile in (line[:start] + value + line[start:], f"{line[:start]}{value}}}}}", value):
        assert result_of(read, hostile) in (REQUEST, MALFORMED)
