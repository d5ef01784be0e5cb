"""What of an address is stored: where it leads, not who was led there."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.events.enrich.redaction import clean_url, page_of, redact_all, referrer_of, spelled
from conftest import TestSite

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/pricing?utm_source=x&secret=1", "/pricing"),
        ("/users/jane@example.com/orders", "/users/[email]/orders"),
        ("/users/jane%40example.com", "/users/[email]"),
        ("/unsubscribe/JANE.doe+x@mail.example.co.uk", "/unsubscribe/[email]"),
        (f"/confirm/{JWT}", "/confirm/[token]"),
        ("/reset/8f14e45fceea167a5a36dedd4bea2543/now", "/reset/[token]/now"),
        ("/#access_token=abc&state=1", "/"),
        ("/app#/inbox/jane@example.com?q=1", "/app#/inbox/[email]"),
        ("/invite/abc12345", "/invite/[token]"),
        ("/api-key/0123456789", "/api-key/[token]"),
        ("/s/aB3dE5fG7hI9jK1lM3nO5", "/s/[token]"),
        # What names a thing and not a person stays.
        ("/package/lodash@4.17.21", None),
        ("/package/react@18.2.0-beta.rc", None),
        ("/package/@scope/tool@v2.0.1", None),
        ("/@jane@example.social", None),
        ("/users/jane@163.com", "/users/[email]"),
        ("/product/507f1f77bcf86cd799439011", None),
        ("/product/01ARZ3NDEKTSV4RRFFQ69G5FAV", None),
        ("/commit/3f786850e387550fdab836ed7e6dc881de23001b", None),
        ("/reset/password", None),
        ("/verify/", None),
        ("/@jane", "/@jane"),
        ("/orders/7c9e6679-7425-40de-944b-e07fc1f90ae7", None),
        ("/how-to-build-a-website-with-python-3-in-2026", None),
        ("/the/longestwordinalltheenglishdictionaries", None),
        ("/isbn/97831614841009783161484100", None),
    ],
)
def test_page_loses_query_and_identifiers(url: str, page: str | None) -> None:
    assert page_of(urlsplit(url)) == (page or url)


@pytest.mark.parametrize(
    ("urls", "page"),
    [
        (["/caf%C3%A9", "/caf%c3%a9", "/café", "/cafe\u0301"], "/café"),
        (["/%D0%9F%D1%80%D0%B8", "/При"], "/При"),
        (["/%7Ejane/%61", "/~jane/a"], "/~jane/a"),
        (["/a%20b", "/a b"], "/a%20b"),
        # These mean something else when they are not encoded.
        (["/a%2fb", "/a%2Fb"], "/a%2Fb"),
        (["/100%25", "/100%25"], "/100%25"),
        (["/%23%3f", "/%23%3F"], "/%23%3F"),
        (["/%00%e2%80%ae", "/%00%E2%80%AE"], "/%00%E2%80%AE"),
        # No text in UTF-8, and no octet.
        (["/%e9", "/%E9"], "/%E9"),
        (["/%zz%"], "/%zz%"),
        (["/a#caf%C3%A9"], "/a#café"),
    ],
)
def test_page_has_one_spelling(urls: list[str], page: str) -> None:
    assert {page_of(urlsplit(url)) for url in urls} == {page}


@given(st.text(alphabet="%0123456789abcdefABCDEF/é\u0301 ~", max_size=300))
def test_spelling_of_a_spelled_page_is_the_same(text: str) -> None:
    once = spelled(f"/{text}")
    assert spelled(once) == once


def test_long_page_is_cut_after_it_is_decoded() -> None:
    assert page_of(urlsplit("/" + "%C3%A9" * 3000)) == "/" + "é" * 1999


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://jane:secret@mail.example/inbox?q=1#top", "https://mail.example/inbox"),
        ("https://mail.example/u/jane@example.com/#1", "https://mail.example/u/[email]/"),
        ("android-app://com.google.android.gm/", "android-app://com.google.android.gm/"),
        ("", ""),
    ],
)
def test_referrer_loses_query_and_identifiers(referrer: str, kept: str) -> None:
    assert referrer_of(referrer) == kept


def test_clean_url_keeps_campaign_tags_and_presence_of_click_id() -> None:
    url = "https://a@shop.example/x?utm_source=b%40c.de&token=1&gclid=Cj0KCQ&ref=news&utm_id=7#t"
    assert clean_url(url) == "https://shop.example/x?utm_source=%5Bemail%5D&gclid=1&ref=news#t"


def test_addresses_are_redacted_and_versions_and_times_are_not() -> None:
    text = "Chrome/142.0.0.0 at 2026-11-22T10:05:03+00:00 in std::vector"
    assert redact_all(text) == text
    hidden = redact_all("203.0.113.7, [2001:db8::1] ::1 fe80:0:0:0:1:2:3:4 http://10.0.0.1:80/x")
    assert hidden.count("[address]") == 5
    assert not any(char.isdigit() for char in hidden.replace(":80", ""))
    assert redact_all("/whois/203.0.113.7/of") == "/whois/[address]/of"


@given(st.text(alphabet="a1@.%40-_+:/?#=&eyJ", max_size=2000))
def test_redaction_is_bounded_and_leaves_no_email(text: str) -> None:
    cleaned = redact_all(text)
    assert len(cleaned) <= 2 * len(text) + 9
    assert "@" not in clean_url(f"https://h.example/{text}").partition("//")[2].partition("/")[0]


async def test_stored_event_holds_no_identifiers(site: TestSite) -> None:
    await site.send(
        {
            "page": f"https://x.example/confirm/{JWT}?utm_source=news&utm_content=jane@example.com",
            "title": "Order of jane@example.com",
            "referrer": "https://jane:secret@mail.example/inbox?q=1",
            "props": {"url": "https://jane@files.example/a.pdf?key=secret", "plan": "pro"},
        }
    )
    async with await site.database.connect() as connection:
        query = (
            "select e::text || v::text from event e join visit v on v.id = e.visit_id"
            " where e.site_id = (select id from site where key = %s)"
        )
        row = await (await connection.execute(query, [site.key])).fetchone()
    assert row
    for secret in ("jane", "secret", "eyJ"):
        assert secret not in row[0]
    for told in ("/confirm/[token]", "news", "https://files.example/a.pdf", "pro"):
        assert told in row[0]


RULED = [
    ("/about/", "slash", "/about"),
    ("/about///", "slash", "/about"),
    ("/", "slash index session", "/"),
    ("/about/", "index session", "/about/"),
    ("/docs/index.html", "index", "/docs/"),
    ("/docs/INDEX.PHP", "index", "/docs/"),
    ("/docs/index%2Ehtml", "index", "/docs/"),
    ("/docs/index.html", "index slash", "/docs"),
    ("/index.html", "index slash", "/"),
    ("/docs/my-index.html", "index", "/docs/my-index.html"),
    ("/docs/index.html/", "index", "/docs/index.html/"),
    ("/index.html", "slash session", "/index.html"),
    ("/cart;jsessionid=1F2E3D4C5B6A79880716", "session", "/cart"),
    ("/shop;JSESSIONID=1F.node/cart;v=1;jsessionid=2", "session", "/shop/cart;v=1"),
    ("/docs/index.jsp;jsessionid=1F", "session index slash", "/docs"),
    ("/cart;jsessionid=1", "slash index", "/cart;jsessionid=1"),
    ("/app/#/cart/", "slash", "/app#/cart/"),
]


@pytest.mark.parametrize(("url", "rules", "page"), RULED)
def test_page_follows_rules_of_site(url: str, rules: str, page: str) -> None:
    assert page_of(urlsplit(url), rules.split()) == page
