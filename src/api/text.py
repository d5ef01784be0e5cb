"""Text and row numbers that PostgreSQL can store: it takes no NUL character and no lone surrogate
(half of a UTF-16 pair, which JSON can escape)."""

from typing import Annotated

from pydantic import AfterValidator, Field


def refuse_unstorable(value: str) -> str:
    """The text itself. Raises ValueError for one that cannot be stored."""
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must not contain NUL characters or lone surrogates")
    return value


def replace_surrogates(text: str) -> str:
    """Text with a question mark for each lone surrogate, which UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode()


def replace_unstorable(text: str) -> str:
    """Text with a question mark for each lone surrogate and a space for each NUL, stripped."""
    return replace_surrogates(text).replace("\0", " ").strip()


def spell_out_unstorable(text: str) -> str:
    r"""Text with \u0000 for each NUL and an escape such as \ud800 for each lone surrogate."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")


def printable(text: str) -> str:
    """Text for a terminal, which would obey control characters: a question mark for each but the
    line break, and for each that changes the direction of what follows."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in text)


LARGEST_BIGINT = 2**63 - 1

RowNumber = Annotated[int, Field(ge=1, le=LARGEST_BIGINT)]
"""The number of a row, in requests."""

PlainText = Annotated[str, AfterValidator(refuse_unstorable)]
