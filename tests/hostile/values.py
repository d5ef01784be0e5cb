"""Values that nobody in their right mind would send, as they stand in JSON or in a query."""

import json
from datetime import UTC, datetime, timedelta

LONG = {n: b'"%b"' % (b"x" * n) for n in (200, 201, 512, 2_000, 2_001, 33_000)}


def quoted(*texts: str) -> list[bytes]:
    """Texts as JSON strings, with every character written as itself."""
    return [json.dumps(text, ensure_ascii=False).encode() for text in texts]


ATTACKS = (
    "<script>alert(1)</script>", "'; drop table event; --", "1' or '1'='1", "${jndi:ldap://x/a}",
    "{{7*7}}",
    "../../../etc/passwd", "%00", "%ff%fe", "%u0000", "%", "a\r\nX-Injected: yes",
    "\x1b[2J\x1b]0;x\x07",
    "=cmd|' /C calc'!A0", "@SUM(1)", "$(id)", "`id`", "{0.__class__}", "%s%n%x", "\\", '"',
    "\\u0000", "\\x00",
    "javascript:alert(1)", "data:text/html,<b>", "file:///etc/passwd", "(" * 1_500, "a@" * 700,
    "?" * 1_900, "%" * 1_900, "1." * 900, ":" * 1_900, "eyJ" + "a-" * 900, "a" * 19 + "1" * 1_900,
    "@a." * 600,
)  # fmt: skip
"""What means something to somebody: markup, SQL, shells, templates, terminals, slow patterns."""

ADDRESSES = (
    "http://[", "http://[::1", "http://[::1]:x/", "http://a:99999/", "http://a:-1/",
    "http://a:\u0661/",
    "http://user:pass@host/p", "//", "http://", "http:///", "https:", "\\\\host\\share", "?", "#",
    "?#", "##",
    "http://\u2177.example/", "http://a\u2100b.example/", "http://ex\u00e4mple.example/",
    "http://xn--/",
    "http://%/%zz", "http://a/" + "a/" * 900, "http://a/?" + "&" * 1_800,
    "http://a/?" + "a=b&" * 450,
    "http://a/;;;", "http://a/\u202e", "http://a/#" + "/" * 1_800, "http://\x00/", " http://a/",
    "http://a b/",
    "HTTP://A.EXAMPLE/?UTM_SOURCE=X", "http://a/?utm_source=%00", "http://a/?utm_source=%ed%a0%80",
    "/\ufffe",
    "http://1.1.1.1.1/", "http://0x7f000001/", "http://a./", "http://.a/", "http://a..b/",
    "http://@/",
)  # fmt: skip
"""Addresses that parsers quarrel about."""

CHARACTERS = (
    "", " ", "\t\n\r", "\u00a0", "\u200b", "\u202ea\u202c", "\ufeff", "\ufffe", "\uffff",
    "\U0010ffff", "\u0085",
    "\u2028", "e\u0301" * 90, "Z\u0351\u036b" * 60, "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u0130", "\ufb03",
    "\u0660\u0661", "null", "undefined", "NaN", "true", "[]", "{}", "-", "0", "None",
    "[object Object]",
)  # fmt: skip

ESCAPES = (
    rb'"\u0000"', rb'"a\u0000b"', rb'"\\u0000"', rb'"\ud800"', rb'"\udc00\ud800"',
    rb'"\ud83d\ude00"', rb'"\ud83d"',
    rb'"\\ud800"', rb'"\\\ud800"', rb'"\uD8"', rb'"\u"', rb'"\x41"', rb'"\q"', rb'"\/"',
    rb'"\u202e"', rb'"\uffff"',
    b'"\x00"', b'"\x01\x1f\x7f"', b'"a\nb"', b'"\t"', b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"',
    b'"\xf8\x88\x80\x80"',
    b'"\xe2\x82"', b'"\xf4\x90\x80\x80"', b'"\xef\xbb\xbf"', b"'single'", b"bare", b"", b",",
    b"/* */1", b"1 // c",
)  # fmt: skip
"""Escapes and bytes: half characters, overlong ones, ones that do not exist."""

NUMBERS = (
    b"0", b"-0", b"-1", b"1", b"0.1", b"1e2", b"-1e-2", b"86400", b"86400.001", b"1e308", b"1e309",
    b"-1e999", b"5e-324",
    b"1e-999", b"9007199254740993", b"2147483648", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551616", b"-9223372036854775809", b"1" * 400, b"1" * 5_000,
    b"0." + b"3" * 5_000, b"NaN", b"-NaN",
    b"Infinity", b"-Infinity", b"+1", b"01", b".5", b"1.", b"1e", b"0x10", b"1_000", b"1,5",
    b"1e99999999999",
)  # fmt: skip

SHAPES = (
    b"null", b"true", b"false", b"[]", b"{}", b"[null]", b"[[]]", b'{"":""}', b'{"a":1,"a":2}',
    b'{"a":{"b":{"c":{}}}}',
    b"[" * 10 + b"]" * 10, b"[" * 900 + b"]" * 900, b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 10 + b"1" + b"}" * 10, b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"{%b}" % b",".join(b'"k%d":%d' % (n, n) for n in range(65)),
    b"{%b}" % b",".join(b'"k%d":1' % n for n in range(2_000)),
    b"{%b}" % b",".join(b'"k%d":1' % n for n in range(10_000)),
    b'{"%b":1}' % (b"k" * 20_000), b"[%b]" % b",".join([b"1"] * 15_000), b'{"__proto__":{"x":1}}',
    b'{"amount":1e400,"currency":"EUR"}', b'{"amount":"NaN","currency":"EUR"}',
    b'{"amount":"sNaN","currency":"EUR"}',
    b'{"amount":"Infinity","currency":"EUR"}', b'{"amount":1e999999,"currency":"EUR"}',
    b'{"amount":"1e999999999999999999","currency":"EUR"}',
    b'{"amount":"1e-999999999999999999","currency":"EUR"}',
    b'{"amount":-1e12,"currency":"EUR"}', b'{"amount":999999999999.9999999,"currency":"EUR"}',
    b'{"amount":1e-300,"currency":"EUR"}',
    b'{"amount":"0x1","currency":"EUR"}', b'{"amount":1,"currency":"\xc3\x84\xc3\x84\xc3\x84"}',
    b'{"amount":1,"currency":"EUR\\n"}',
    b'{"amount":null,"currency":null}', b'{"amount":true,"currency":"EUR"}', b'{"amount":1}',
    b'{"currency":"EUR"}',
    b'{"amount":1,"currency":"EUR","tax":1}', b'{"amount":"\xd9\xa1\xd9\xa2","currency":"EUR"}',
    b'{"amount":"1_0","currency":"EUR"}',
)  # fmt: skip

NOW = datetime.now(UTC)

TIMES = (
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z",
    "+002026-01-01T00:00:00Z",
    "1582-10-10T00:00:00Z", "1900-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
    "1994-12-31",
    "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z", "2016-12-31T23:59:60Z", "2026-01-01T23:59:61Z",
    "2026-01-01T-1:00:00Z",
    "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+99:99", "2026-01-01T00:00:00-00:00",
    "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00 Europe/Berlin", "2026-01-01T00:00:00[UTC]", "2026-01-01 00:00:00",
    "2026-01-01", "2026-01",
    "2026", "20260101T000000Z", "2026-W01-1", "2026-001", "01/02/2026", "1 Jan 2026",
    "Thu, 01 Jan 2026 00:00:00 GMT",
    "now", "today", "yesterday", "infinity", "-infinity", "epoch", "allballs", "tomorrow", "", " ",
    "Z", "T", "T00:00:00Z",
    "2026-01-01T00:00:00.123456789123456789Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00Z",
    "2026-01-01T00Z",
    "2026-01-01t00:00:00z", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z ",
    "2026-01-01T00:00:00Z\x00",
    "\u0662\u0660\u0662\u0666-\u0660\u0661-\u0660\u0661T00:00:00Z",
    "2026\u201101\u201101T00:00:00Z", "1767225600", "1767225600000",
    "2038-01-19T03:14:08Z", "2262-04-12T00:00:00Z", "2106-02-07T06:28:16Z",
    "4713-01-01T00:00:00Z BC", "294277-01-01T00:00:00Z",
    *((NOW + timedelta(days=days)).isoformat() for days in (-3650, -400, -30, -8, -7.001, -6.9, -1,
    0.003, 0.01, 0.05, 1, 30, 400, 3650)),
)  # fmt: skip
"""Times that never were, or that lie where no event can."""

EPOCHS = (
    b"0", b"-1", b"1767225600", b"1767225600000", b"1767225600000000", b"1767225600.5",
    b"253402300800", b"-62135596801",
    b"1e18", b"-1e18", b"1e308", b"9223372036854775807", b"NaN",
)  # fmt: skip

VALUES = (
    *quoted(*ATTACKS, *ADDRESSES, *CHARACTERS), *ESCAPES, *NUMBERS, *SHAPES, *LONG.values()
)  # fmt: skip
"""What any field may find in itself."""

HEADERS = (
    b"", b" ", b"\t", b"\xff\xfe", b"\xc3\xa4", b"x" * 6_000, b"(" * 5_000, b";" * 5_000,
    b"a," * 3_000, b"%00", b"\x7f",
    b"null", b"unknown", b"_hidden", b"198.51.100.77", b"198.51.100.77, 10.0.0.1", b"2001:db8::77",
    b"[2001:db8::77]:443",
    b"999.999.999.999", b"1.2.3.4:5", b"::ffff:198.51.100.77", b"fe80::1%eth0", b"127.0.0.1",
    b", , ,", b"'; drop table event; --",
    b"${jndi:ldap://x/a}", b"<script>alert(1)</script>", b"() { :;}; /bin/id",
    b"Mozilla/5.0 " + b"Chrome/1." * 600,
    b"Googlebot/2.1", b"curl/8", b"bytes=0-0," * 500, b"Bearer None", b"Bearer ", b"Bearer a.b.c",
    b"Bearer \xff", b"Basic Og==",
    b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", b"Bearer " + b"a." * 2_500,
    b"analytics_login=\xff; ;=;a", b"=; " * 1_500,
    b"analytics_login=eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", b"de-DE,de;q=0.9", b"x-" * 900,
    b"*;q=NaN", b"http://[", b"//", b"\x80" * 300,
)  # fmt: skip
"""What any header may be."""
