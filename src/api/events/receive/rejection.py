"""Why an event was rejected."""

from collections.abc import Iterable
from enum import StrEnum

from api.errors import Invalid, Problem

EVENT = "event"
"""The place of a problem of an event as a whole."""


class Reason(StrEnum):
    """The codes of rejected events, beside UNKNOWN_SITE. docs/api.md says what each means."""

    EVENT_EXPIRED = "EVENT_EXPIRED"
    EVENT_MALFORMED = "EVENT_MALFORMED"
    EVENT_TOO_LARGE = "EVENT_TOO_LARGE"
    FOREIGN_HOST = "FOREIGN_HOST"
    FUTURE = "FUTURE"
    INVALID_FIELD = "INVALID_FIELD"
    KEY_REQUIRED = "KEY_REQUIRED"
    NO_PAGE = "NO_PAGE"
    NOTHING_HAPPENED = "NOTHING_HAPPENED"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NUL_CHARACTER = "NUL_CHARACTER"
    TOO_DEEP = "TOO_DEEP"
    TOO_LATE = "TOO_LATE"
    TOO_MANY_PROPS = "TOO_MANY_PROPS"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    UNSTORABLE = "UNSTORABLE"


class Rejected(Invalid):
    """The event cannot be stored."""

    def __init__(self, reason: Reason, *problems: Problem) -> None:
        super().__init__(problems=problems)
        self.code = reason


def rejected(reason: Reason, where: str, problem: str) -> Rejected:
    """The rejection of an event for one field, or as a whole (EVENT)."""
    return Rejected(reason, Problem(where, problem))


class AllRejected(Invalid):
    """No event of the batch can be stored."""

    code = "ALL_REJECTED"

    def __init__(self, number: int, problems: Iterable[Problem]) -> None:
        super().__init__(f"None of these events can be stored: {number} were rejected.", problems)
