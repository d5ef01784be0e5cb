"""Text and numbers of rows as PostgreSQL can keep them."""

from typing import Annotated

from pydantic import AfterValidator, Field


def plain_text(value: str) -> str:
    """PostgreSQL text knows no NUL and no half characters. Raises ValueError."""
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must not contain NUL characters or lone surrogates")
    return value


LARGEST_BIGINT = 2**63 - 1

RowNumber = Annotated[int, Field(ge=1, le=LARGEST_BIGINT)]
"""The number of a row, as callers name it."""

PlainText = Annotated[str, AfterValidator(plain_text)]
