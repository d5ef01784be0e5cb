"""Which source and channel brought a visit, and that hostile links say nothing."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.events.enrich.known_sources import (
    APPS,
    CLICK_IDS,
    COUNTRY_BRANDS,
    NAMES,
    SHORT_NAMES,
    SITES,
)
from api.events.enrich.traffic_source import CHANNELS, TrafficSource, read_traffic_source

SITE = "www.example.com"
DIRECT = TrafficSource("Direct", "", "", "", "", "", "")

NO_REFERRERS = [
    "",
    "about:blank",
    "javascript:alert(1)",
    "data:text/html,<a>",
    "file:///etc/passwd",
    "ftp://google.com/",
    "google.com",
    "//google.com/",
    "http://",
    "http:///path",
    "http://[::1",
    "http://[nonsense]/",
    "http://a b.com/",
    "http://exa\0mple.org/",
    "http://\ud800.org/",
    "http://..../",
    "http://%00/",
    "http://google.com\uff0f.evil/",
    "android-app://",
    "https://" + "a" * 100_000,
    "http://" + "a." * 50_000,
]

SELF_REFERRALS = [
    ("https://www.example.com/pricing", "www.example.com"),
    ("https://example.com/", "www.example.com"),
    ("http://shop.example.com/", "blog.example.com"),
    ("https://www.example.co.uk/", "example.co.uk"),
    ("https://EXAMPLE.com./", "example.com"),
    ("http://localhost:3000/", "localhost"),
    ("http://localhost:3000/", "localhost:8000"),
    ("http://192.168.1.7/a", "192.168.1.7"),
    ("http://[::1]:8000/", "[::1]:9000"),
]

REFERRERS = [
    ("https://www.google.com/", "Organic Search", "Google", "google.com"),
    ("https://www.google.co.uk/search?q=x", "Organic Search", "Google", "google.co.uk"),
    ("https://google.de", "Organic Search", "Google", "google.de"),
    ("https://www.google.com.br/", "Organic Search", "Google", "google.com.br"),
    ("HTTPS://WWW.GOOGLE.FR/", "Organic Search", "Google", "google.fr"),
    ("https://www.bing.com/", "Organic Search", "Bing", "bing.com"),
    ("https://yandex.ru/clck/", "Organic Search", "Yandex", "yandex.ru"),
    ("https://search.yahoo.co.jp/", "Organic Search", "Yahoo", "yahoo.co.jp"),
    ("https://duckduckgo.com/", "Organic Search", "DuckDuckGo", "duckduckgo.com"),
    ("https://m.baidu.com/", "Organic Search", "Baidu", "baidu.com"),
    ("https://l.facebook.com/l.php?u=x", "Organic Social", "Facebook", "facebook.com"),
    ("https://t.co/abc", "Organic Social", "X", "t.co"),
    ("https://out.reddit.com/", "Organic Social", "Reddit", "reddit.com"),
    ("https://news.ycombinator.com/item?id=1", "Organic Social", "Hacker News", "ycombinator.com"),
    ("https://www.ycombinator.com/", "Referral", "ycombinator.com", "ycombinator.com"),
    ("https://www.youtube.com/watch?v=1", "Organic Video", "YouTube", "youtube.com"),
    ("https://chatgpt.com/", "AI Assistants", "ChatGPT", "chatgpt.com"),
    ("https://gemini.google.com/app", "AI Assistants", "Gemini", "google.com"),
    ("https://www.perplexity.ai/", "AI Assistants", "Perplexity", "perplexity.ai"),
    ("https://claude.ai/chat/1", "AI Assistants", "Claude", "claude.ai"),
    ("https://copilot.microsoft.com/", "AI Assistants", "Copilot", "microsoft.com"),
    ("https://mail.google.com/mail/u/0/", "Email", "Gmail", "google.com"),
    ("https://outlook.live.com/", "Email", "Outlook", "live.com"),
    ("https://www.amazon.co.uk/dp/1", "Organic Shopping", "Amazon", "amazon.co.uk"),
    ("https://de.wikipedia.org/wiki/A", "Referral", "Wikipedia", "wikipedia.org"),
    ("https://blog.partner.co.uk/post", "Referral", "partner.co.uk", "partner.co.uk"),
    ("https://someone.github.io/", "Referral", "someone.github.io", "someone.github.io"),
    ("https://google.github.io/", "Referral", "google.github.io", "google.github.io"),
    ("https://google.evil.org/", "Referral", "evil.org", "evil.org"),
    ("https://notgoogle.de/", "Referral", "notgoogle.de", "notgoogle.de"),
    ("http://10.1.2.3:8080/", "Referral", "10.1.2.3", "10.1.2.3"),
    ("http://wiki/", "Referral", "wiki", "wiki"),
    ("android-app://com.google.android.gm/", "Email", "Gmail", "google.com"),
    ("android-app://com.linkedin.android/", "Organic Social", "LinkedIn", "linkedin.com"),
    ("android-app://m.facebook.com/", "Organic Social", "Facebook", "facebook.com"),
    ("android-app://de.idealo.android", "Referral", "de.idealo.android", "de.idealo.android"),
    ("android-app://io.github.app/x", "Referral", "io.github.app", "io.github.app"),
    # A brand has a search engine and other services.
    ("https://accounts.google.com/", "Referral", "Google Accounts", "google.com"),
    ("https://maps.google.de/maps", "Referral", "Google Maps", "google.de"),
    ("https://meet.google.com/", "Referral", "Google Meet", "google.com"),
    ("https://search.google.com/search-console", "Organic Search", "Google", "google.com"),
    ("https://calendar.google.com/", "Referral", "Google", "google.com"),
    ("https://images.google.co.jp/", "Organic Search", "Google", "google.co.jp"),
    ("https://cn.bing.com/", "Organic Search", "Bing", "bing.com"),
    ("https://r.search.yahoo.com/", "Organic Search", "Yahoo", "yahoo.com"),
    ("https://uk.search.yahoo.com/", "Organic Search", "Yahoo", "yahoo.com"),
    ("https://finance.yahoo.com/", "Referral", "Yahoo", "yahoo.com"),
    ("https://m.search.naver.com/", "Organic Search", "Naver", "naver.com"),
    ("https://cafe.naver.com/x", "Referral", "Naver", "naver.com"),
    ("https://zhidao.baidu.com/", "Referral", "Baidu", "baidu.com"),
    ("https://inbox.google.com/", "Email", "Gmail", "google.com"),
    ("https://mail.daum.net/", "Email", "Daum Mail", "daum.net"),
    ("https://mail.rambler.ru/", "Email", "Rambler Mail", "rambler.ru"),
    ("https://suche.web.de/", "Organic Search", "WEB.DE Suche", "web.de"),
    ("https://suche.gmx.net/", "Organic Search", "GMX Suche", "gmx.net"),
    ("https://my.mail.ru/", "Organic Social", "My World", "mail.ru"),
    ("https://aws.amazon.com/", "Referral", "AWS", "amazon.com"),
    ("https://html.duckduckgo.com/", "Organic Search", "DuckDuckGo", "duckduckgo.com"),
]

GOOGLE = "https://www.google.com/"
FACEBOOK = "https://l.facebook.com/"

CHANNEL_CASES = [
    ("Cross-network", {"utm_source": "google", "utm_campaign": "Q1-Cross-Network"}, ""),
    ("Paid Shopping", {"utm_source": "amazon", "utm_medium": "cpc"}, ""),
    ("Paid Shopping", {"utm_source": "news", "utm_medium": "ppc", "utm_campaign": "eshop"}, ""),
    ("Paid Search", {"utm_source": "google", "utm_medium": "CPC"}, ""),
    ("Paid Search", {"utm_source": "bing", "utm_medium": "paid-search"}, ""),
    ("Paid Search", {"utm_source": "adwords"}, ""),
    ("Paid Search", {"utm_source": "bing_ads"}, ""),
    ("Paid Search", {"gclid": "1"}, ""),
    ("Paid Search", {"gclid": "1"}, GOOGLE),
    ("Paid Search", {"wbraid": "1"}, GOOGLE),
    ("Paid Search", {"msclkid": "1"}, "https://www.bing.com/"),
    ("Paid Search", {"utm_medium": "cpc"}, GOOGLE),
    ("Paid Social", {"utm_source": "facebook", "utm_medium": "paid_social"}, ""),
    ("Paid Social", {"utm_source": "fb-ads"}, ""),
    ("Paid Social", {"li_fat_id": "1"}, ""),
    ("Paid Social", {"twclid": "1"}, "https://t.co/"),
    ("Paid Social", {"fbclid": "1", "utm_medium": "cpc", "utm_source": "ig"}, ""),
    ("Paid Video", {"ttclid": "1"}, ""),
    ("Paid Video", {"gclid": "1"}, "https://www.youtube.com/"),
    ("Paid Video", {"utm_source": "youtube", "utm_medium": "cpv-paid cpc"}, ""),
    ("Display", {"utm_source": "partner", "utm_medium": "cpm"}, ""),
    ("Display", {"utm_source": "partner", "utm_medium": "banner"}, ""),
    ("Paid Other", {"utm_source": "partner", "utm_medium": "retargeting"}, ""),
    ("Paid Other", {"utm_source": "newsletter", "utm_medium": "cpc"}, ""),
    ("Organic Shopping", {"utm_source": "etsy"}, ""),
    ("Organic Shopping", {"utm_source": "x1", "utm_campaign": "shop-window"}, ""),
    ("Organic Social", {"utm_source": "twitter"}, ""),
    ("Organic Social", {"utm_source": "threads"}, ""),
    ("Organic Social", {"utm_source": "partner", "utm_medium": "social-media"}, ""),
    ("Organic Social", {"fbclid": "1"}, ""),
    ("Organic Social", {"fbclid": "1"}, FACEBOOK),
    ("Organic Video", {"utm_source": "partner", "utm_medium": "webvideo"}, ""),
    ("AI Assistants", {"utm_source": "chatgpt.com"}, ""),
    ("AI Assistants", {"utm_source": "perplexity", "utm_medium": "organic"}, ""),
    ("Organic Search", {"utm_source": "partner", "utm_medium": "organic"}, ""),
    ("Organic Search", {"ref": "google"}, ""),
    ("Email", {"utm_source": "newsletter"}, ""),
    ("Email", {"utm_source": "partner", "utm_medium": "e-mail"}, ""),
    ("Email", {"utm_source": "mailchimp"}, ""),
    ("Affiliates", {"utm_source": "partner", "utm_medium": "affiliate"}, ""),
    ("Audio", {"utm_source": "podcast", "utm_medium": "audio"}, ""),
    ("SMS", {"utm_source": "sms"}, ""),
    ("SMS", {"utm_source": "partner", "utm_medium": "sms"}, ""),
    ("Mobile Push", {"utm_source": "firebase"}, ""),
    ("Mobile Push", {"utm_source": "partner", "utm_medium": "web-push"}, ""),
    ("Mobile Push", {"utm_source": "partner", "utm_medium": "app-notification"}, ""),
    ("Referral", {"utm_source": "partner", "utm_medium": "referral"}, ""),
    ("Referral", {"utm_source": "leads"}, ""),
    ("Referral", {"utm_medium": "print"}, ""),
    ("Referral", {"gclid": "1"}, "https://partner.org/"),
    ("Direct", {}, ""),
    ("Direct", {"utm_source": "  ", "gclid": " "}, ""),
    ("Direct", {"utm_source": "(direct)", "utm_medium": "(none)"}, ""),
]

KEYS = [
    "utm_source",
    "source",
    "ref",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    *CLICK_IDS,
]


class TestHostileLinks:
    @pytest.mark.parametrize("referrer", NO_REFERRERS, ids=lambda text: repr(text[:24]))
    def test_referrer_that_is_no_web_address_is_direct(self, referrer: str) -> None:
        assert read_traffic_source(referrer, {}, SITE) == DIRECT

    @given(st.text(st.characters()), st.dictionaries(st.sampled_from(KEYS), st.text()), st.text())
    def test_any_referrer_and_query_are_storable(
        self, referrer: str, query: dict[str, str], host: str
    ) -> None:
        assert_storable(read_traffic_source(referrer, query, host))

    @given(
        st.text(st.sampled_from(string.ascii_letters + ".:/[]@%-_?#\0\ud800ü"), max_size=60),
        st.text(st.characters(), max_size=300),
    )
    def test_any_host_and_campaign_are_storable(self, host: str, tag: str) -> None:
        assert_storable(read_traffic_source(f"https://{host}", {"utm_campaign": tag}, host))

    def test_tags_are_stripped_and_cut_at_200_characters(self) -> None:
        query = {key: "  " + "Ab" * 50_000 for key in KEYS if key.startswith("utm")}
        found = read_traffic_source("", query, SITE)
        assert found.medium == "ab" * 100
        assert {found.source, found.campaign, found.content, found.term} == {"Ab" * 100}

    def test_medium_that_grows_in_lower_case_is_cut(self) -> None:
        assert len(read_traffic_source("", {"utm_medium": "İ" * 200}, SITE).medium) == 200

    def test_tags_lose_characters_that_cannot_be_stored(self) -> None:
        found = read_traffic_source("", {"utm_source": "a\0b", "utm_term": "\ud800"}, SITE)
        assert (found.source, found.term) == ("a b", "?")


class TestSelfReferrals:
    @pytest.mark.parametrize(("referrer", "hostname"), SELF_REFERRALS)
    def test_self_referral_is_direct(self, referrer: str, hostname: str) -> None:
        assert read_traffic_source(referrer, {}, hostname) == DIRECT

    def test_self_referral_keeps_campaign_tags(self) -> None:
        found = read_traffic_source(f"https://{SITE}/", {"utm_source": "newsletter"}, SITE)
        assert (found.channel, found.source, found.referrer_domain) == ("Email", "newsletter", "")

    @pytest.mark.parametrize(
        ("referrer", "hostname"),
        [
            ("https://one.github.io/", "two.github.io"),
            ("https://a.co.uk/", "b.co.uk"),
            ("http://192.168.1.8/", "192.168.1.7"),
            ("http://localhost/", SITE),
        ],
    )
    def test_self_referral_needs_same_registrable_domain(
        self, referrer: str, hostname: str
    ) -> None:
        assert read_traffic_source(referrer, {}, hostname).channel == "Referral"


class TestReferrers:
    @pytest.mark.parametrize(("referrer", "channel", "source", "domain"), REFERRERS)
    def test_referrers_are_named(
        self, referrer: str, channel: str, source: str, domain: str
    ) -> None:
        found = read_traffic_source(referrer, {}, SITE)
        assert found == TrafficSource(channel, source, domain, "", "", "", "")


class TestTags:
    def test_campaign_tags_are_stored(self) -> None:
        query = {
            "utm_source": "Spring Partner",
            "utm_medium": "Banner",
            "utm_campaign": "Spring",
            "utm_content": "Top",
            "utm_term": "Shoes",
        }
        assert read_traffic_source(GOOGLE, query, SITE) == TrafficSource(
            "Display", "Spring Partner", "google.com", "banner", "Spring", "Top", "Shoes"
        )

    @pytest.mark.parametrize(
        ("query", "source"),
        [
            ({"utm_source": "a", "source": "b", "ref": "c"}, "a"),
            ({"utm_source": " ", "source": "b", "ref": "c"}, "b"),
            ({"ref": "producthunt"}, "Product Hunt"),
            ({"utm_source": "GOOGLE"}, "Google"),
            ({"utm_source": "www.facebook.com"}, "Facebook"),
            ({"utm_source": "fb"}, "Facebook"),
            ({"utm_source": "linkedin_ads"}, "LinkedIn"),
            ({"gclid": "1", "utm_source": "partner"}, "partner"),
            ({"gclid": "1"}, "Reddit"),
        ],
    )
    def test_campaign_tag_names_source_before_referrer_and_click_id(
        self, query: dict[str, str], source: str
    ) -> None:
        assert read_traffic_source("https://www.reddit.com/", query, SITE).source == source

    @pytest.mark.parametrize(
        ("click_id", "network"), [(k, v.network) for k, v in CLICK_IDS.items()]
    )
    def test_click_id_names_its_network(self, click_id: str, network: str) -> None:
        assert read_traffic_source("", {click_id: "1"}, SITE).source == network


class TestChannels:
    @pytest.mark.parametrize(("channel", "query", "referrer"), CHANNEL_CASES)
    def test_first_matching_channel_wins(
        self, channel: str, query: dict[str, str], referrer: str
    ) -> None:
        assert read_traffic_source(referrer, query, SITE).channel == channel

    def test_every_channel_has_test_case(self) -> None:
        assert {case[0] for case in CHANNEL_CASES} == {name for name, _ in CHANNELS}

    def test_channels_are_in_order_of_definition(self) -> None:
        assert [name for name, _ in CHANNELS] == [
            "Cross-network",
            "Paid Shopping",
            "Paid Search",
            "Paid Social",
            "Paid Video",
            "Display",
            "Paid Other",
            "Organic Shopping",
            "Organic Social",
            "Organic Video",
            "AI Assistants",
            "Organic Search",
            "Email",
            "Affiliates",
            "Audio",
            "SMS",
            "Mobile Push",
            "Referral",
            "Direct",
        ]


class TestTables:
    def test_tables_refer_to_listed_sites_only(self) -> None:
        assert set(APPS.values()) <= set(SITES)
        assert {f"{brand}.com" for brand in COUNTRY_BRANDS} <= set(SITES)
        assert {click.network.lower() for click in CLICK_IDS.values()} <= set(NAMES)
        assert {n.lower() for c in CLICK_IDS.values() for n in c.advertises_on} <= set(NAMES)
        assert set(SHORT_NAMES.values()) - {"google ads"} <= set(NAMES)

    def test_each_source_name_has_one_category(self) -> None:
        assert len(set(SITES.values())) == len(NAMES)

    def test_table_keys_are_in_lower_case(self) -> None:
        keys = [*SITES, *APPS, *SHORT_NAMES, *CLICK_IDS]
        assert keys == [key.lower() for key in keys]


def assert_storable(source: TrafficSource) -> None:
    for name in TrafficSource.__slots__:
        value = getattr(source, name)
        assert "\0" not in value
        assert value.encode("utf-8") or value == ""
        assert len(value) <= 253
