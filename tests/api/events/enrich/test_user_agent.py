"""What a user agent says, what a crawler is, and that hostile text says nothing."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from api.events.enrich.user_agent import HUMAN_PATTERNS, Agent, crawler_patterns, read_agent

UNKNOWN = Agent("", "", "", "", "", None, None)

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 10; K)"
WEBVIEW = "Version/4.0 Chrome/142.0.7444.142 Mobile Safari/537.36"

PEOPLE = [
    # desktop
    (
        f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        ("Chrome", "131", "Windows", "10", "desktop"),
    ),
    (
        f"{WINDOWS} {WEBKIT} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        ("Edge", "131", "Windows", "10", "desktop"),
    ),
    (
        f"{WINDOWS} {WEBKIT} Chrome/128.0.0.0 Safari/537.36 OPR/114.0.0.0",
        ("Opera", "114", "Windows", "10", "desktop"),
    ),
    (
        "Mozilla/5.0 (Windows NT 6.3; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0",
        ("Firefox", "115", "Windows", "8.1", "desktop"),
    ),
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
        ("Internet Explorer", "11", "Windows", "7", "desktop"),
    ),
    (
        f"{MAC} {APPLE} Version/17.4 Safari/605.1.15",
        ("Safari", "17", "macOS", "10.15", "desktop"),
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
        ("Firefox", "132", "macOS", "10.15", "desktop"),
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
        ("Firefox", "125", "Ubuntu", "", "desktop"),
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/125.0.0.0 Safari/537.36",
        ("Chrome", "125", "Chrome OS", "14541", "desktop"),
    ),
    (
        f"{WINDOWS} {WEBKIT} Code/1.115.0 Chrome/142.0.7444.265 Electron/39.8.5 Safari/537.36",
        ("Electron", "39", "Windows", "10", "desktop"),
    ),
    # mobile
    (
        f"{ANDROID} {WEBKIT} Chrome/129.0.0.0 Mobile Safari/537.36",
        ("Chrome", "129", "Android", "10", "mobile"),
    ),
    (
        f"{IPHONE} {APPLE} Version/17.4 Mobile/15E148 Safari/604.1",
        ("Safari", "17", "iOS", "17", "mobile"),
    ),
    (
        f"{IPHONE} {APPLE} CriOS/124.0.6367.88 Mobile/15E148 Safari/604.1",
        ("Chrome", "124", "iOS", "17", "mobile"),
    ),
    (
        f"{IPHONE} {APPLE} FxiOS/124.0 Mobile/15E148 Safari/605.1.15",
        ("Firefox", "124", "iOS", "17", "mobile"),
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:125.0) Gecko/125.0 Firefox/125.0",
        ("Firefox", "125", "Android", "14", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) {WEBKIT} SamsungBrowser/23.0 "
        "Chrome/115.0.0.0 Mobile Safari/537.36",
        ("Samsung Internet", "23", "Android", "13", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 15; CPH2557 Build/AP3A.240617.008; wv) {WEBKIT} {WEBVIEW} "
        "Instagram 406.0.0.58.159 Android (35/15; 480dpi; 1080x2400; OPPO; CPH2557)",
        ("Instagram", "406", "Android", "15", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 16; Pixel 10 Build/CP1A; wv) {WEBKIT} {WEBVIEW} "
        "MetaIAB Facebook",
        ("Android WebView", "142", "Android", "16", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 8.1; CUBOT_X18) {WEBKIT} Chrome/90.0.0.0 Mobile "
        "Safari/537.36",
        ("Chrome", "90", "Android", "8", "mobile"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 10; MI 9) {WEBKIT} Chrome/80.0.3987.99 Mobile Safari/537.36 "
        "SogouMSE,SogouMobileBrowser/5.22.8",
        ("Chrome", "80", "Android", "10", "mobile"),
    ),
    (
        "Mozilla/5.0 (Mobile; Nokia 8110 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        ("Firefox", "48", "KaiOS", "2.5", "mobile"),
    ),
    (
        "Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; en) Presto/2.12.423 Version/12.16",
        ("Opera Mini", "36", "Android", "", "mobile"),
    ),
    # tablet
    (
        f"Mozilla/5.0 (iPad; CPU OS 16_5 like Mac OS X) {APPLE} Version/16.5 Mobile/15E148 "
        "Safari/604.1",
        ("Safari", "16", "iOS", "16", "tablet"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 13; SM-X700) {WEBKIT} Chrome/124.0.0.0 Safari/537.36",
        ("Chrome", "124", "Android", "13", "tablet"),
    ),
    (
        "Mozilla/5.0 (Android 14; Tablet; rv:125.0) Gecko/125.0 Firefox/125.0",
        ("Firefox", "125", "Android", "14", "tablet"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 9; KFMAWI) {WEBKIT} Silk/108.4.6 like Chrome/108.0.5359.220 "
        "Safari/537.36",
        ("Amazon Silk", "108", "Android", "9", "tablet"),
    ),
    # tv
    (
        f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} SamsungBrowser/3.0 Chrome/76.0 TV "
        "Safari/537.36",
        ("Samsung Internet", "3", "Tizen", "6", "tv"),
    ),
    (
        f"Mozilla/5.0 (Web0S; Linux/SmartTV) {WEBKIT} Chrome/87.0.4280.88 Safari/537.36",
        ("Chrome", "87", "webOS", "", "tv"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 9; AFTMM Build/PS7633; wv) {WEBKIT} Version/4.0 "
        "Chrome/108.0.0.0 Mobile Safari/537.36",
        ("Android WebView", "108", "Android", "9", "tv"),
    ),
    ("AppleTV11,1/11.1", ("", "", "tvOS", "", "tv")),
    # console
    (
        f"Mozilla/5.0 (PlayStation; PlayStation 5/4.51) {APPLE} Version/13.0 Safari/605.1.15",
        ("Safari", "13", "", "", "console"),
    ),
    (
        f"{WINDOWS[:-1]}; Xbox; Xbox One) {WEBKIT} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
        ("Edge", "120", "Windows", "10", "console"),
    ),
    (
        "Mozilla/5.0 (Nintendo Switch; WifiWebAuthApplet) AppleWebKit/609.4 (KHTML, like Gecko) "
        "NF/6.0.2.20.5 NintendoBrowser/5.1.0.22433",
        ("", "", "", "", "console"),
    ),
    # wearable
    (
        "atc/1.0 watchOS/10.2 model/Watch6,2 hwp/t8301 build/21S364",
        ("Apple Watch App", "6", "watchOS", "10", "wearable"),
    ),
]

CRAWLERS = [
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ("Googlebot", "search-engine"),
    ),
    (
        f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {WEBKIT} Chrome/125.0.0.0 "
        "Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ("Googlebot", "search-engine"),
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; "
        "+https://openai.com/gptbot)",
        ("GPTBot", "ai-crawler"),
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; "
        "+claudebot@anthropic.com)",
        ("ClaudeBot", "ai-crawler"),
    ),
    ("curl/8.5.0", ("curl", "http-library")),
    ("curl", ("curl", "http-library")),
    (
        f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/125.0.0.0 Safari/537.36",
        ("HeadlessChrome", "browser-automation"),
    ),
    ("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", None),
    ("Unheard-Of-Bot/1.0 (+https://example.com/bot)", None),
]

HOSTILE = [
    "(" * 100_000,
    "Mozilla/5.0 " + "Android " * 20_000,
    "\0" * 600,
    "My\0App/1.0 CFNetwork/1474 Darwin/23.0.0",
    "\ud800\udfff" * 300,
    "Mozilla/5.0 (\0Windows NT 10.0\ud83d) Chrome/131.0\0",
    "\U0010ffff" * 600,
    "a" * 511 + "é",
    "%00%ff" * 100,
]


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
    def test_hostile_user_agent_is_storable(self, text: str) -> None:
        assert all(is_storable(value) for value in texts(read_agent(text)))

    @given(st.text(st.characters(), max_size=700))
    def test_any_user_agent_is_storable(self, text: str) -> None:
        assert all(is_storable(value) for value in texts(read_agent(text)))

    @given(st.text(st.sampled_from("Mozila/5.0 (Winds;)Android Chrome:bot"), max_size=700))
    def test_scrambled_user_agent_is_storable(self, text: str) -> None:
        assert all(is_storable(value) for value in texts(read_agent(text)))

    def test_user_agent_is_read_up_to_512_characters(self) -> None:
        start = PEOPLE[0][0].ljust(512)
        assert read_agent(start + "Googlebot/2.1") is read_agent(start)

    @pytest.mark.parametrize("text", ["", "   ", "-", "Mozilla", " \t\0\n ", "iPhone", "Windows"])
    def test_too_short_user_agent_is_unknown_and_no_bot(self, text: str) -> None:
        assert read_agent(text) == UNKNOWN


class TestPeople:
    @pytest.mark.parametrize(("user_agent", "expected"), PEOPLE, ids=lambda value: value[-40:])
    def test_browsers_are_recognized(
        self, user_agent: str, expected: tuple[str, str, str, str, str]
    ) -> None:
        assert read_agent(user_agent) == Agent(*expected, bot=None, bot_category=None)

    @pytest.mark.parametrize(
        "text",
        [
            "Lynx/2.8.9rel.1 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/1.1.1",
            "Links (2.28; Linux 6.1 x86_64; GNU C 12.2; text)",
            "NokiaN70-1/5.0 Series60",
            "SonyEricssonK800i/R1ED",
            "MyApp/1.0 (iPhone; iOS 17.1)",
            "MyApp/3.2 CFNetwork/1408.0.4 Darwin/22.5.0",
            "Mozilla/5.0 (PlayStation 4 3.11)",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
        ],
    )
    def test_program_that_names_system_or_device_is_person(self, text: str) -> None:
        assert read_agent(text).bot is None


class TestMachines:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("kube-probe/1.27", "kube-probe"),
            ("ELB-HealthChecker/2.0", "ELB-HealthChecker"),
            ("UniversalFeedParser/5.2.1 +https://feedparser.example/", "UniversalFeedParser"),
            ("GuzzleHttp/7", "GuzzleHttp"),
            ("reqwest/0.11.18", "reqwest"),
            ("Nuclei - Open-source project (github.example/nuclei)", "Nuclei"),
            ("Mozilla/5.0 (compatible; Probe/1.0)", "Probe"),
            ("Mozilla/5.0", "unnamed"),
            ("  NewReader (RSS)", "NewReader"),
            ("PostmanRuntime/7.36", "PostmanRuntime"),
        ],
    )
    def test_program_that_names_neither_is_a_bot_by_its_own_name(
        self, text: str, name: str
    ) -> None:
        assert (read_agent(text).bot, read_agent(text).bot_category) == (name, "unknown")


class TestCrawlers:
    @pytest.mark.parametrize(
        ("user_agent", "expected"), CRAWLERS, ids=lambda value: str(value)[-40:]
    )
    def test_crawlers_are_named(self, user_agent: str, expected: tuple[str, str] | None) -> None:
        agent = read_agent(user_agent)
        assert agent.device == "bot"
        assert agent.bot
        if expected:
            assert (agent.bot, agent.bot_category) == expected
        else:
            assert agent.bot_category == "other"

    def test_crawler_patterns_are_nearly_all_used(self) -> None:
        _, crawlers = crawler_patterns()
        assert len(crawlers) >= 0.99 * len(CRAWLER_USER_AGENTS_DATA)

    def test_crawler_patterns_left_out_still_exist(self) -> None:
        assert {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA} >= HUMAN_PATTERNS

    def test_crawlers_have_readable_names(self) -> None:
        _, crawlers = crawler_patterns()
        unreadable = [name for name, _ in crawlers if not name or set(name) & set("\\[]*?|^$\n")]
        assert unreadable == []

    def test_sample_crawlers_are_bots(self) -> None:
        samples = [text for entry in CRAWLER_USER_AGENTS_DATA for text in entry["instances"]]
        missed = [text for text in samples if read_agent(text).bot is None]
        print(f"{len(missed)} of {len(samples)} samples missed", *missed, sep="\n")
        assert len(samples) > 2000
        assert len(missed) < 0.005 * len(samples)

    def test_sample_crawlers_and_browsers_differ_by_device(self) -> None:
        assert {read_agent(user_agent).device for user_agent, _ in CRAWLERS} == {"bot"}
        assert "bot" not in {read_agent(user_agent).device for user_agent, _ in PEOPLE}


def texts(agent: Agent) -> list[str]:
    values = [getattr(agent, name) for name in Agent.__slots__]
    return [value for value in values if value is not None]


def is_storable(text: str) -> bool:
    return "\0" not in text and bool(text.isascii() or text.encode("utf-8"))
