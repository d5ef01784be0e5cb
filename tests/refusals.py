"""The one shape of refusals."""

import re

import httpx

CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")

LIBRARY_WORDS = re.compile(
    r"Value error|Input should|Extra inputs|constrained|function-|Field required|Expected `|`\$"
    r"|validation|valid dictionary|at most \d+ items?|String should"
)
"""Words of the libraries that check input."""


def is_refusal(answer: httpx.Response, code: str = "") -> bool:
    """Whether an answer is a refusal in the one shape, with this code if one is given."""
    told = answer.json()
    assert told.keys() - {"instead"} == {"error", "detail", "problems"}, told
    assert CODE.fullmatch(told["error"]), told
    assert told["detail"]
    assert all(p.keys() == {"where", "problem", "allowed"} for p in told["problems"]), told
    assert not LIBRARY_WORDS.search(answer.text), answer.text
    return told["error"] == code if code else answer.is_error


def allowed_in(answer: httpx.Response) -> set[str]:
    """All values that a refusal says are allowed."""
    return {value for p in answer.json()["problems"] for value in p["allowed"] or ()}
