"""Tests of the oracle itself, on logs small enough to count by hand.

An oracle that is wrong proves nothing, so every number expected here is worked out in the test from
the definitions, none is copied from what the oracle said.
"""

import gzip
from collections import Counter
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
import ua_parser
from access_log import (
    PLAIN_PARSER,
    LogOracle,
    browser_of,
    is_bot,
    os_of,
    path_of,
    read_log,
    referrer_domain,
)

SITE = "example.com"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
# In no pattern of the crawler dataset, but a 'Spider' for ua-parser.
BEETLEBOT = "Mozilla/5.0 (compatible; BeetleBot; )"


def hit(
    time: str,
    target: str = "/",
    *,
    ip: str = "192.0.2.1",
    day: str = "10/Mar/2024",
    offset: str = "+0000",
    method: str = "GET",
    status: int = 200,
    referrer: str = "-",
    ua: str = FIREFOX,
) -> str:
    """One line of a combined log."""
    when = f"{day}:{time} {offset}"
    return f'{ip} - - [{when}] "{method} {target} HTTP/1.1" {status} 123 "{referrer}" "{ua}"'


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 10) -> datetime:
    """A time of March 2024, UTC."""
    return datetime(2024, 3, day, hour, minute, second, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where a test may put its log."""
    return tmp_path / "access.log"


def read(log: Path, *lines: str) -> LogOracle:
    """Write the lines to a log and read it."""
    log.write_text("".join(line + "\n" for line in lines))
    return read_log(log, SITE)


# Visits -----------------------------------------------------------------------------------------


def test_three_page_views_make_one_visit(log: Path) -> None:
    oracle = read(
        log, hit("09:00:00", "/a"), hit("09:00:40", "/b"), hit("09:01:30", "/c", referrer="-")
    )
    assert (oracle.lines, oracle.pageviews) == (3, 3)
    assert (oracle.visits, oracle.visitors, oracle.bounces) == (1, 1, 0)
    assert oracle.bounce_rate == 0.0
    assert oracle.mean_duration == 90.0  # 09:00:00 to 09:01:30
    assert oracle.visits_per_entry == {"/a": 1}
    assert oracle.visits_per_exit == {"/c": 1}
    assert oracle.bounces_per_entry == {}


def test_gap_of_exactly_30_minutes_is_one_visit(log: Path) -> None:
    oracle = read(log, hit("09:00:00", "/a"), hit("09:30:00", "/b"))
    assert (oracle.visits, oracle.visitors, oracle.bounces) == (1, 1, 0)
    assert oracle.mean_duration == 1800.0


def test_gap_of_30_minutes_and_a_second_is_two_visits_of_one_visitor(log: Path) -> None:
    oracle = read(log, hit("09:00:00", "/a"), hit("09:30:01", "/b"))
    assert (oracle.visits, oracle.visitors, oracle.bounces) == (2, 1, 2)
    assert oracle.bounce_rate == 1.0
    assert oracle.mean_duration == 0.0
    assert oracle.visits_per_entry == {"/a": 1, "/b": 1}


def test_visit_may_be_longer_than_30_minutes(log: Path) -> None:
    """It is the gap that counts, not the time since the start: 25 + 25 minutes is one visit."""
    oracle = read(log, hit("09:00:00"), hit("09:25:00"), hit("09:50:00"))
    assert (oracle.visits, oracle.mean_duration) == (1, 3000.0)


def test_request_that_is_no_page_view_does_not_extend_visit(log: Path) -> None:
    """Page views at 09:00 and 09:40, an image at 09:20: two visits."""
    oracle = read(log, hit("09:00:00"), hit("09:20:00", "/i.png"), hit("09:40:00"))
    assert (oracle.pageviews, oracle.visits) == (2, 2)


def test_visits_of_one_page_view_are_bounces(log: Path) -> None:
    """Visitor .1 sees one page, .2 two pages, .3 one page twice: 1 bounce of 3 visits."""
    oracle = read(
        log,
        hit("09:00:00", "/a", ip="192.0.2.1"),
        hit("09:00:00", "/a", ip="192.0.2.2"),
        hit("09:00:30", "/b", ip="192.0.2.2"),
        hit("09:00:00", "/a", ip="192.0.2.3"),
        hit("09:00:15", "/a", ip="192.0.2.3"),
    )
    assert (oracle.pageviews, oracle.visits, oracle.visitors, oracle.bounces) == (5, 3, 3, 1)
    assert oracle.bounce_rate == pytest.approx(1 / 3)
    assert oracle.mean_duration == 15.0  # (0 + 30 + 15) / 3
    assert oracle.visits_per_entry == {"/a": 3}
    assert oracle.visits_per_exit == {"/a": 2, "/b": 1}
    assert oracle.bounces_per_entry == {"/a": 1}


def test_visitors_differ_by_address_and_by_user_agent(log: Path) -> None:
    oracle = read(
        log,
        hit("09:00:00", ip="192.0.2.1", ua=FIREFOX),
        hit("09:00:01", ip="192.0.2.1", ua=IPHONE),
        hit("09:00:02", ip="192.0.2.2", ua=FIREFOX),
    )
    assert (oracle.visits, oracle.visitors) == (3, 3)


def test_lines_may_be_out_of_order(log: Path) -> None:
    """/b at 09:20, /c at 09:45, /a at 09:00, in this order in the log: a visit from /a to /c."""
    oracle = read(log, hit("09:20:00", "/b"), hit("09:45:00", "/c"), hit("09:00:00", "/a"))
    assert (oracle.visits, oracle.mean_duration) == (1, 2700.0)
    assert oracle.visits_per_entry == {"/a": 1}
    assert oracle.visits_per_exit == {"/c": 1}


# Midnight ---------------------------------------------------------------------------------------


def test_visit_across_midnight_keeps_its_visitor(log: Path) -> None:
    oracle = read(log, hit("23:45:00", "/a"), hit("00:15:00", "/b", day="11/Mar/2024"))
    assert (oracle.visits, oracle.visitors, oracle.bounces) == (1, 1, 0)
    assert oracle.mean_duration == 1800.0
    assert oracle.all_visits[0].visitor == (date(2024, 3, 10), "192.0.2.1", FIREFOX)
    assert oracle.visits_per_hour == {at(23): 1}
    assert oracle.pageviews_per_hour == {at(23): 1, at(0, day=11): 1}


def test_gap_over_30_minutes_at_midnight_makes_new_visitor(log: Path) -> None:
    oracle = read(log, hit("23:45:00", "/a"), hit("00:15:01", "/b", day="11/Mar/2024"))
    assert (oracle.visits, oracle.visitors, oracle.bounces) == (2, 2, 2)


def test_next_visit_after_midnight_gets_visitor_of_new_day(log: Path) -> None:
    """Visit 1: 23:50 to 00:40 (gaps of 30, 20). Visit 2: 02:00. Visit 3: 05:00.

    Visit 1 is of the visitor of the 10th, visits 2 and 3 of the visitor of the 11th.
    """
    oracle = read(
        log,
        hit("23:50:00", "/a"),
        hit("00:20:00", "/b", day="11/Mar/2024"),
        hit("00:40:00", "/a", day="11/Mar/2024"),
        hit("02:00:00", "/a", day="11/Mar/2024"),
        hit("05:00:00", "/c", day="11/Mar/2024"),
    )
    assert (oracle.pageviews, oracle.visits, oracle.visitors, oracle.bounces) == (5, 3, 2, 2)
    assert oracle.mean_duration == 1000.0  # (50 min + 0 + 0) / 3
    assert [visit.visitor[0].day for visit in oracle.all_visits] == [10, 11, 11]
    # /a: both visitors; /b: that of the 10th, on the 11th; /c: that of the 11th.
    assert oracle.visitors_per_page == {"/a": 2, "/b": 1, "/c": 1}
    assert oracle.pageviews_per_page == {"/a": 3, "/b": 1, "/c": 1}


def test_same_reader_on_two_days_is_two_visitors(log: Path) -> None:
    oracle = read(log, hit("09:00:00"), hit("09:00:00", day="11/Mar/2024"))
    assert (oracle.visits, oracle.visitors) == (2, 2)


def test_midnight_is_in_utc(log: Path) -> None:
    """23:00 and 01:00 at +0530 are 17:30 and 19:30 UTC: one day, so one visitor.

    23:00 and 01:00 at -0100 are 00:00 and 02:00 UTC of the 11th: one visitor again.
    """
    for offset, hours in (("+0530", [at(17), at(19)]), ("-0100", [at(0, day=11), at(2, day=11)])):
        oracle = read(
            log,
            hit("23:00:00", offset=offset),
            hit("01:00:00", day="11/Mar/2024", offset=offset),
        )
        assert (oracle.visits, oracle.visitors) == (2, 1)
        assert oracle.pageviews_per_hour == Counter(hours)
        assert oracle.visits_per_hour == Counter(hours)


# What is a page view ----------------------------------------------------------------------------


def test_skipped_requests_are_counted_by_reason(log: Path) -> None:
    oracle = read(
        log,
        hit("09:00:00", "/ok"),
        hit("09:00:01", "/ok", status=206),
        hit("09:00:02", "/ok", status=304),
        hit("09:00:03", "/no", status=301),
        hit("09:00:04", "/no", status=404),
        hit("09:00:05", "/no", status=500),
        hit("09:00:06", "/no", method="POST"),
        hit("09:00:07", "/no", method="HEAD"),
        hit("09:00:08", "/no.css"),
        hit("09:00:09", "/No.PNG?v=1.html"),
        hit("09:00:10", "/archive.tar.gz#x"),
        hit("09:00:11", "/feed.xml", status=304),
        "no log line at all",
        "",
    )
    assert oracle.lines == 14
    assert oracle.pageviews_per_page == {"/ok": 3}
    assert oracle.skipped == {"method": 2, "status": 3, "asset": 4, "malformed": 2}


def test_first_reason_that_applies_is_given(log: Path) -> None:
    oracle = read(
        log,
        hit("09:00:00", "/a.png", method="POST", status=404, ua=GOOGLEBOT),  # method
        hit("09:00:01", "/a.png", status=404, ua=GOOGLEBOT),  # status
        hit("09:00:02", "/a.png", ua=GOOGLEBOT),  # asset
        hit("09:00:03", "/a", ua=GOOGLEBOT),  # bot
    )
    assert oracle.skipped == {"method": 1, "status": 1, "asset": 1}
    assert (oracle.bot_pageviews, oracle.pageviews) == (1, 0)


def test_path_that_only_resembles_asset_is_page(log: Path) -> None:
    pages = ["/png", "/a.png/", "/page?img=a.png", "/a.html", "/robots.txt.html", "/a.png%20"]
    oracle = read(log, *(hit("09:00:00", page) for page in pages))
    assert (oracle.pageviews, oracle.skipped) == (6, {})


@pytest.mark.parametrize(
    "line",
    [
        '192.0.2.1 - - [10/Mar/2024:09:00:00 +0000] "GET / HTTP/1.1" 200 123',  # common format
        hit("09:00:00")[:-1],  # cut off before the last quote
        hit("09:00:00") + ' "192.0.2.7"',  # one field too many
        hit("09:00:00", day="31/Feb/2024"),
        hit("25:00:00"),
        hit("09:00:00", offset=""),
        hit("09:00:00", ua='un"escaped'),
    ],
)
def test_malformed_line_is_skipped(log: Path, line: str) -> None:
    oracle = read(log, line)
    assert (oracle.skipped, oracle.pageviews) == ({"malformed": 1}, 0)


def test_escaped_quotes_do_not_end_field(log: Path) -> None:
    ua = FIREFOX + r" \"quoted\" C:\\"
    oracle = read(log, hit("09:00:00", referrer=r"http://a.org/?q=\"x\"", ua=ua))
    (visit,) = oracle.all_visits
    assert visit.views[0].ua == FIREFOX + ' "quoted" C:\\'
    assert visit.views[0].referrer == 'http://a.org/?q="x"'
    assert oracle.visits_per_referrer == {"a.org": 1}


def test_fields_of_line_are_read(log: Path) -> None:
    line = f'::1 id bob [10/Mar/2024:09:00:05 +0200] "GET /a?b HTTP/1.0" 304 - "-" "{FIREFOX}"'
    view = read(log, line).all_visits[0].views[0]
    assert (view.line, view.ip, view.time) == (1, "::1", at(7, 0, 5))
    assert (view.method, view.target, view.status) == ("GET", "/a?b", 304)
    assert (view.size, view.referrer, view.ua) == (0, "", FIREFOX)


def test_request_without_method_is_skipped(log: Path) -> None:
    """Apache writes '-' when a client connects and says nothing."""
    line = f'192.0.2.1 - - [10/Mar/2024:09:00:00 +0000] "-" 408 - "-" "{FIREFOX}"'
    assert read(log, line).skipped == {"method": 1}


# Pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a/b?c=/d", "/a/b"),
        ("/a#b?c", "/a"),
        ("/a%20b/%C3%A9", "/a%20b/%C3%A9"),
        ("/A/b/", "/A/b/"),
        ("/a;x=1", "/a;x=1"),
        ("//favicon", "//favicon"),
        ("/go?to=http://b.org/c", "/go"),
        ("/http://b.org/c", "/http://b.org/c"),
        ("http://example.com/a/b?c", "/a/b"),
        ("HTTP://example.com:80/a#b", "/a"),
        ("http://example.com", "/"),
        ("http://example.com?a", "/"),
        ("?a", "/"),
        ("", "/"),
    ],
)
def test_path_is_read_from_target(target: str, path: str) -> None:
    assert path_of(target) == path


def test_page_is_cut_at_2000_characters(log: Path) -> None:
    oracle = read(log, hit("09:00:00", "/" + "a" * 1999 + "b"), hit("09:00:01", "/" + "a" * 1999))
    assert oracle.pageviews_per_page == {"/" + "a" * 1999: 2}


def test_page_views_and_visitors_are_counted_per_page(log: Path) -> None:
    """.1 sees /a twice in one visit and once in a later one, .2 sees it once: 4 views, 2 people."""
    oracle = read(
        log,
        hit("09:00:00", "/a?x=1"),
        hit("09:01:00", "/a?x=2"),
        hit("12:00:00", "/a"),
        hit("09:00:00", "/a", ip="192.0.2.2"),
        hit("09:05:00", "/b", ip="192.0.2.2"),
    )
    assert oracle.pageviews_per_page == {"/a": 4, "/b": 1}
    assert oracle.visitors_per_page == {"/a": 2, "/b": 1}
    assert (oracle.visits, oracle.visitors) == (3, 2)


def test_page_views_and_visits_are_counted_per_hour(log: Path) -> None:
    """Page views at 09:50, 10:05 (same visit) and 10:59:59 (54:59 later, another visit)."""
    oracle = read(log, hit("09:50:00"), hit("10:05:00"), hit("10:59:59"))
    assert oracle.pageviews_per_hour == {at(9): 1, at(10): 2}
    assert oracle.visits_per_hour == {at(9): 1, at(10): 1}


# Sources ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("referrer", "domain"),
    [
        ("", ""),
        ("http://www.google.co.uk/search?q=a", "google.co.uk"),
        ("https://News.Ycombinator.COM:443/item", "ycombinator.com"),
        ("http://user:pass@blog.b.org./x", "b.org"),
        ("android-app://com.google.android.gm/", ""),
        ("/relative", ""),
        ("b.org/x", ""),
        ("http://", ""),
        ("http://[broken/", ""),
        ("http://example.com/other", ""),
        ("https://www.example.com/", ""),
        ("http://shop.EXAMPLE.com:8080/", ""),
        ("http://notexample.com/", "notexample.com"),
        ("http://example.com.evil.net/", "evil.net"),
        ("http://b.org/?from=example.com", "b.org"),
        ("http://192.0.2.9:8000/x", "192.0.2.9"),
        ("http://localhost/x", "localhost"),
    ],
)
def test_referrer_is_reduced_to_domain(referrer: str, domain: str) -> None:
    assert referrer_domain(referrer, "example.com") == domain
    assert referrer_domain(referrer, "www.example.com") == domain
    assert referrer_domain(referrer, "Blog.Example.com") == domain


def test_source_is_that_of_first_page_view(log: Path) -> None:
    """.1 comes from b.org and then from c.org in the same visit; .2 comes from the site itself."""
    oracle = read(
        log,
        hit("09:00:00", referrer="http://www.b.org/x"),
        hit("09:01:00", referrer="http://c.org/"),
        hit("09:00:00", ip="192.0.2.2", referrer="http://www.example.com/a"),
        hit("09:02:00", ip="192.0.2.2", referrer="http://c.org/"),
        hit("09:00:00", ip="192.0.2.3"),
        hit("11:00:00", ip="192.0.2.3", referrer="https://b.org/y"),
    )
    assert oracle.visits_per_referrer == {"b.org": 2, "": 2}
    assert oracle.doubtful_sources == set()


def test_hosts_without_registrable_domain_are_doubtful(log: Path) -> None:
    referrers = [r"http://\xe4\xe5.\xf0\xf4/", "http://192.0.2.9/", "http://localhost/"]
    lines = [hit("09:00:00", ip=f"192.0.2.{n}", referrer=r) for n, r in enumerate(referrers)]
    oracle = read(log, *lines, hit("09:00:00", ip="192.0.2.7", referrer="http://b.org/"))
    assert {key[1] for key in oracle.doubtful_sources} == {"192.0.2.0", "192.0.2.1", "192.0.2.2"}


# Browsers and bots ------------------------------------------------------------------------------


def test_browsers_and_systems_are_counted_per_visit(log: Path) -> None:
    """.1 two visits with Firefox, .2 one visit of two page views with an iPhone, .3 something on
    Windows."""
    oracle = read(
        log,
        hit("09:00:00"),
        hit("11:00:00"),
        hit("09:00:00", ip="192.0.2.2", ua=IPHONE),
        hit("09:01:00", ip="192.0.2.2", ua=IPHONE),
        hit("09:00:00", ip="192.0.2.3", ua="Something (Windows)"),
    )
    assert oracle.visits_per_browser_raw == {"Firefox": 2, "Mobile Safari": 1, "": 1}
    assert oracle.visits_per_browser == {"Firefox": 2, "Safari": 1, "": 1}
    assert oracle.visits_per_os == {"Linux": 2, "iOS": 1, "Windows": 1}


def test_bots_are_counted_apart(log: Path) -> None:
    bots = [GOOGLEBOT, BEETLEBOT, "-", "Ruby", "1234567", "Unheard of/1.0"]
    oracle = read(
        log,
        *(hit("09:00:00", "/bot", ua=ua, referrer="http://b.org/") for ua in bots),
        hit("09:00:00", "/a"),
        hit("09:00:10", "/a", ua="Unheard of/1.0 (X11)", ip="192.0.2.2"),
    )
    assert (oracle.bot_pageviews, oracle.skipped) == (6, {})
    assert (oracle.pageviews, oracle.visits, oracle.visitors, oracle.bounces) == (2, 2, 2, 2)
    assert oracle.pageviews_per_page == oracle.visitors_per_page == {"/a": 2}
    assert oracle.visits_per_entry == oracle.visits_per_exit == {"/a": 2}
    assert oracle.visits_per_referrer == {"": 2}
    assert oracle.pageviews_per_hour == oracle.visits_per_hour == {at(9): 2}


def test_crawler_patterns_read_512_characters() -> None:
    filler = FIREFOX + " " + "x" * 500
    assert is_bot((filler + "Googlebot/2.1")[-512:])
    assert not is_bot(filler[: 512 - len("Googlebot/") + 1] + "Googlebot/2.1")


@pytest.mark.skipif(find_spec("ua_parser_rs") is None, reason="the native engine is not there")
def test_ua_parser_engines_differ(log: Path) -> None:
    """Keeps the reason for the argument `parser` true: `.{0,100}slurp` is read in two ways."""
    ua = FIREFOX + " " + "x" * 100 + " slurp"
    assert not is_bot(ua, PLAIN_PARSER)
    assert is_bot(ua, ua_parser.parser)
    assert read(log, hit("09:00:00", ua=ua)).bot_pageviews == 0
    assert read_log(log, SITE, ua_parser.parser).bot_pageviews == 1


def test_unknown_families_are_empty() -> None:
    assert (browser_of("Something else"), os_of("Something else")) == ("", "")


# Equal times, equal lines, empty logs, packed logs ----------------------------------------------


def test_equal_lines_are_different_requests(log: Path) -> None:
    """Two equal lines are two page views of one visit, which is then no bounce."""
    oracle = read(log, hit("09:00:00", "/a"), hit("09:00:00", "/a"))
    assert (oracle.lines, oracle.pageviews, oracle.visits, oracle.bounces) == (2, 2, 1, 0)
    assert oracle.mean_duration == 0.0
    assert oracle.visitors_per_page == {"/a": 1}
    assert oracle.ambiguous_entries == oracle.ambiguous_exits == set()


def test_equal_times_are_ordered_by_line_and_ambiguous(log: Path) -> None:
    """First /b and /a, both at 09:00:00, then /c: only the entry page and source are unsure."""
    oracle = read(
        log,
        hit("09:00:00", "/b", referrer="http://b.org/"),
        hit("09:00:00", "/a", referrer="http://c.org/"),
        hit("09:05:00", "/c"),
    )
    (visit,) = oracle.all_visits
    assert (visit.entry, visit.exit) == ("/b", "/c")
    assert visit.entry_candidates == {"/a", "/b"}
    assert visit.exit_candidates == {"/c"}
    assert visit.key == (date(2024, 3, 10), "192.0.2.1", FIREFOX, at(9))
    assert oracle.ambiguous_entries == oracle.ambiguous_sources == {visit.key}
    assert oracle.ambiguous_exits == set()
    assert oracle.visits_per_referrer == {"b.org": 1}


def test_equal_times_at_end_are_ambiguous(log: Path) -> None:
    oracle = read(log, hit("09:00:00", "/a"), hit("09:05:00", "/c"), hit("09:05:00", "/b"))
    assert oracle.visits_per_exit == {"/b": 1}
    assert oracle.ambiguous_exits == {oracle.all_visits[0].key}
    assert oracle.ambiguous_entries == oracle.ambiguous_sources == set()


def test_empty_log_has_no_numbers(log: Path) -> None:
    oracle = read(log)
    assert (oracle.lines, oracle.pageviews, oracle.visits, oracle.visitors) == (0, 0, 0, 0)
    assert (oracle.bounce_rate, oracle.mean_duration) == (0.0, 0.0)


def test_packed_log_gives_same_numbers_each_time(log: Path) -> None:
    plain = read(log, hit("09:00:00", "/a"), hit("09:10:00", "/b"), hit("09:00:00", "/a.js"))
    packed = log.with_name("access.log.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert plain == read_log(packed, SITE) == read_log(packed, SITE)
    assert (plain.pageviews, plain.visits) == (2, 1)


def test_only_newline_ends_line(log: Path) -> None:
    """A vertical tab, a Unicode line separator and bytes that are no UTF-8 are part of the line."""
    line = hit("09:00:00", ua=FIREFOX + " \x0b\u2028").encode() + b"\r\n"
    log.write_bytes(line + line.replace(b"Gecko", b"\xe4\xe5") + line.rstrip())
    oracle = read_log(log, SITE)
    assert (oracle.lines, oracle.pageviews, oracle.visitors) == (3, 3, 2)


def test_every_line_is_counted_once(log: Path) -> None:
    oracle = read(log, hit("09:00:00"), hit("09:00:00", "/a.js"), hit("09:00:00", ua="-"), "x")
    assert oracle.lines == 4
    assert oracle.skipped.total() + oracle.bot_pageviews + oracle.pageviews == oracle.lines
