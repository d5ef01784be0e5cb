"""Text as PostgreSQL can keep it."""

from typing import Annotated

from pydantic import AfterValidator


def plain_text(value: str) -> str:
    """PostgreSQL text knows no NUL and no half characters. Raises ValueError."""
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("must be text without NUL or half characters")
    return value


PlainText = Annotated[str, AfterValidator(plain_text)]
