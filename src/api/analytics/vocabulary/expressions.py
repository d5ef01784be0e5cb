"""Regular expressions in RE2's syntax, as expressions of PostgreSQL that match the same texts.

RE2 itself checks the syntax and limits the size. Both match in time linear in the text: RE2 knows
no back references and no lookaround, and without them PostgreSQL does not backtrack. What RE2 has
and PostgreSQL has not (\\pL, \\b, more than 255 repetitions, the flag m) is refused.
Syntax: https://github.com/google/re2/wiki/Syntax.
"""

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain

import re2

from api.errors import invalid

LONGEST_EXPRESSION = 2000
MOST_MEMORY = 128 * 1024
"""Of RE2 for one expression: about 2,000 of its instructions."""

MOST_REPETITIONS = 255
"""The most that PostgreSQL repeats something by {n}."""

ESCAPE = r"\\(?:x\{\w+\}|x\w\w|[0-7]{1,3}|[\s\S])"
TOKEN = re.compile(
    rf"\\Q(?P<quoted>[\s\S]*?)(?:\\E|\Z)|\(\?(?P<flags>[imsU-]*)(?P<scope>[:)])"
    rf"|(?P<open>\(\?P?<\w+>|\()|(?P<close>\))|(?P<repeat>[*+?]|\{{\d+(?:,\d*)?\}})\??"
    rf"|(?P<set>\[\^?\]?(?:\[:\^?\w+:\]|{ESCAPE}|[^\]\\])*\]?)|(?P<escape>{ESCAPE})"
    r"|(?P<char>[\s\S])"
)
MEMBER = re.compile(
    r"\[:(?P<posix>\^?\w+):\]|(?P<perl>\\[dDsSwW])"
    rf"|(?P<first>{ESCAPE}|[\s\S])(?:-(?P<last>{ESCAPE}|[\s\S]))?"
)

Ranges = list[tuple[int, int]]
"""Characters, as ranges of code points from the first to the last."""

NUL = 0
WORD: Ranges = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
PERL: dict[str, Ranges] = {
    "d": [(0x30, 0x39)],
    "s": [(0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)],
    "w": WORD,
}
POSIX: dict[str, Ranges] = {
    "alnum": [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
    "alpha": [(0x41, 0x5A), (0x61, 0x7A)],
    "ascii": [(0, 0x7F)],
    "blank": [(0x09, 0x09), (0x20, 0x20)],
    "cntrl": [(0, 0x1F), (0x7F, 0x7F)],
    "digit": [(0x30, 0x39)],
    "graph": [(0x21, 0x7E)],
    "lower": [(0x61, 0x7A)],
    "print": [(0x20, 0x7E)],
    "punct": [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
    "space": [(0x09, 0x0D), (0x20, 0x20)],
    "upper": [(0x41, 0x5A)],
    "word": WORD,
    "xdigit": [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
}
REFUSED = "pPCbB"
"""Escapes that have no like in PostgreSQL: classes of Unicode, bytes, and the edges of words, which
are those of the language there, and as lookaround make expressions grow without bound."""

CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}

PLACES = {"^": "(?:^)", "$": "(?:$)", r"\A": "(?:^)", r"\z": "(?:$)"}
"""The ends of the text. In groups: PostgreSQL does not repeat a bare anchor."""

NOTHING = r"[^\u0001-\U0010ffff]"

LAST_CASED = 0x1E943
"""The last character of Unicode that has another case."""


@lru_cache(maxsize=256)
def postgres_expression(expression: str) -> str:
    """The expression of PostgreSQL that matches the same texts as this one of RE2. Raises
    Invalid."""
    check(expression)
    return Translation().of(expression)


def any_of(expressions: Iterable[str]) -> str:
    """The expression that matches what any of these match."""
    return "|".join(f"(?:{expression})" for expression in expressions)


def ignoring_case(expression: str) -> str:
    return f"(?i:{expression})"


def check(expression: str) -> None:
    """Raises Invalid where RE2 does not take the expression, or finds it too large."""
    if len(expression) > LONGEST_EXPRESSION:
        problem = (
            f"regular expressions, and values without case, have at most {LONGEST_EXPRESSION}"
            " characters in a clause"
        )
        raise invalid("pattern", problem)
    options = re2.Options()
    options.max_mem = MOST_MEMORY
    options.log_errors = False
    try:
        re2.compile(expression, options)  # pyright: ignore[reportUnknownMemberType]
    except re2.error as error:  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        reason = str(error.args[0], errors="replace")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        problem = f"{expression[:50]!r} is not an expression of RE2: {reason[:100]}"
        raise invalid("pattern", problem) from error


class Translation:
    """Rewrites the tokens of an expression that RE2 takes, one after the other."""

    def __init__(self) -> None:
        self.flags: frozenset[str] = frozenset()
        self.outer: list[frozenset[str]] = []
        """The flags around each group that is open."""

    def of(self, expression: str) -> str:
        return "".join(map(self.token, TOKEN.finditer(expression)))

    def token(self, token: re.Match[str]) -> str:
        kind = token.lastgroup or ""
        text = token[kind]
        match kind:
            case "quoted":
                return "".join(self.literal(char) for char in text)
            case "scope":
                return self.set_flags(token, opens=text == ":")
            case "open":
                self.outer.append(self.flags)
                return "(?:"
            case "close":
                self.flags = self.outer.pop()
                return ")"
            case "repeat":
                return repetition(text)
            case "set":
                return self.set_in_brackets(text)
            case _:
                return self.single(text)

    def set_flags(self, token: re.Match[str], *, opens: bool) -> str:
        """(?i) holds for the rest of its group, (?i: for a group of its own."""
        if opens:
            self.outer.append(self.flags)
        on, _, off = token["flags"].partition("-")
        self.flags = (self.flags | set(on)) - set(off)
        if "m" in self.flags:
            raise invalid("pattern", "regular expressions cannot have the flag m")
        if token.string[token.end() :].startswith(("*", "+", "?", "{")):
            raise invalid("pattern", "regular expressions cannot repeat flags")
        return "(?:" if opens else ""

    def set_in_brackets(self, text: str) -> str:
        """A set of characters: [a-z\\d[:alpha:]], [^/]."""
        is_negated = text[1] == "^"
        members = MEMBER.finditer(text[2 if is_negated else 1 : -1])
        ranges = [*chain.from_iterable(map(self.member, members))]
        return set_of(complement(ranges) if is_negated else ranges)

    def single(self, text: str) -> str:
        """A character, a class of them, or a place."""
        if text in PLACES:
            return PLACES[text]
        if text == "|":
            return text
        if text == ".":
            return "." if "s" in self.flags else "[^\n]"
        if text.startswith("\\") and text[1].lower() in PERL:
            return set_of(self.perl_class(text))
        return self.literal(character(text))

    def literal(self, char: str) -> str:
        ranges = self.with_cases([(ord(char), ord(char))])
        return set_of(ranges) if len(ranges) > 1 or char == "\0" else quoted(ord(char))

    def member(self, member: re.Match[str]) -> Ranges:
        if member["perl"]:
            return self.perl_class(member["perl"])
        if member["posix"]:
            ranges = self.with_cases(POSIX[member["posix"].removeprefix("^")])
            return complement(ranges) if member["posix"].startswith("^") else ranges
        first, last = member["first"], member["last"] or member["first"]
        return self.with_cases([(ord(character(first)), ord(character(last)))])

    def perl_class(self, text: str) -> Ranges:
        """The characters of \\d, \\s and \\w; of \\D, \\S and \\W all others."""
        ranges = self.with_cases(PERL[text[1].lower()])
        return ranges if text[1].islower() else complement(ranges)

    def with_cases(self, ranges: Ranges) -> Ranges:
        """The characters; where case is ignored, with those that differ by it alone."""
        if "i" not in self.flags:
            return ranges
        cases, codes = other_cases(), cased()
        within = (
            codes[bisect_left(codes, first) : bisect_right(codes, last)] for first, last in ranges
        )
        others = (other for code in chain.from_iterable(within) for other in cases[code])
        return [*ranges, *((other, other) for other in others)]


def repetition(text: str) -> str:
    """How often something is repeated."""
    numbers = text.strip("{}").split(",")
    if any(number.isdigit() and int(number) > MOST_REPETITIONS for number in numbers):
        raise invalid("pattern", f"regular expressions repeat at most {MOST_REPETITIONS} times")
    return text


def character(text: str) -> str:
    """The character that is meant, which may be escaped. Raises Invalid."""
    if not text.startswith("\\"):
        return text
    name, rest = text[1], text[2:].strip("{}")
    if name in REFUSED:
        raise invalid("pattern", f"regular expressions cannot have {text[:2]}")
    code = int(rest, 16) if name == "x" else int(text[1:], 8) if name.isdigit() else ord(name)
    if 0xD800 <= code <= 0xDFFF:
        raise invalid("pattern", "regular expressions cannot have surrogates")
    return chr(CONTROLS.get(name, code))


def complement(ranges: Ranges) -> Ranges:
    """All other characters."""
    found: Ranges = []
    following = 0
    for first, last in [*sorted(ranges), (sys.maxunicode + 1, sys.maxunicode + 1)]:
        if following < first:
            found.append((following, first - 1))
        following = max(following, last + 1)
    return found


def set_of(ranges: Ranges) -> str:
    # No text of PostgreSQL has a NUL character.
    inside = [f"{quoted(max(first, 1))}-{quoted(last)}" for first, last in ranges if last != NUL]
    return f"[{''.join(inside)}]" if inside else NOTHING


def quoted(code: int) -> str:
    """A character that PostgreSQL takes for nothing but itself."""
    char = chr(code)
    if char.isalnum() and char.isascii():
        return char
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


@cache
def cased() -> Sequence[int]:
    """The characters that have another case, in order."""
    return tuple(other_cases())


@cache
def other_cases() -> dict[int, list[int]]:
    """For each character that has another case, in order: those that differ from it by case
    only."""
    same: dict[str, set[int]] = {}
    for code in range(LAST_CASED + 1):
        char = chr(code)
        if char.lower() != char or char.upper() != char:
            same.setdefault(char.casefold(), set()).add(code)
    found = {code: [*(codes - {code})] for codes in same.values() for code in codes}
    return dict(sorted(found.items()))
