"""The languages of the pages. English stands in templates and modules themselves; each other
language is a file in `static/languages`, by the English text, that server and browser read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import Request

from api.auth.cookie import LANGUAGE_COOKIE

FOLDER = Path(__file__).parent / "static" / "languages"

ENGLISH = "en"

LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""By code: what each language calls itself. A further one is a line here, and a file."""

WORDS: Mapping[str, Mapping[str, str]] = {
    code: json.loads((FOLDER / f"{code}.json").read_text()) for code in LANGUAGES if code != ENGLISH
}
"""By code: the words for each English text."""

MOST_TAGS = 20
"""Of a header: more are not read."""


def language_of(request: Request) -> str:
    """The language of a page: the one chosen before, else the first of the browser's that there is,
    else English."""
    wanted = [
        request.cookies.get(LANGUAGE_COOKIE, ""),
        *accepted(request.headers.get("accept-language", "")),
    ]
    return next((code for code in wanted if code in LANGUAGES), ENGLISH)


def accepted(header: str) -> list[str]:
    """The languages of a header `Accept-Language` without their regions, the dearest first."""
    tags = [part.partition(";") for part in header.lower().split(",", MOST_TAGS)[:MOST_TAGS]]
    ranked = sorted(tags, key=lambda tag: -weight_of(tag[2]))
    return [tag.strip().partition("-")[0] for tag, _, _ in ranked]


def weight_of(parameter: str) -> float:
    """The weight in `q=0.8`; 1 where there is none, 0 for what makes no sense."""
    text = parameter.strip().removeprefix("q=")
    try:
        return float(text or 1)
    except ValueError:
        return 0


def words_in(language: str) -> Callable[..., str]:
    """A function that gives a text in a language; `{name}` in it stands for a value."""
    words = WORDS.get(language, {})

    def t(english: str, **values: str) -> str:
        text = words.get(english, english)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return t
