"""Asks a service about its sites and compares whole answers with the oracle.

An answer is right, or it is a refusal because raw data has expired: where that is so, and where
everything that the refusal suggests is answered, rightly.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx

from chaos.findings import Findings
from chaos.installation import Installation
from chaos.questions import Asked, Scene
from oracle.periods import Range
from oracle.site import Site
from oracle.telling import ALL, bounds, check

PATHS = {"event buckets": "/api/events/"}
LIMITS = {
    "event buckets": 10_000,
    **dict.fromkeys(("pages", "sessions", "events", "goals", "revenue"), ALL),
    **dict.fromkeys(("traffic-sources", "devices", "locations", "entries", "exits"), ALL),
}
"""The parameter `limit` of the reports that return some rows at a time."""


@dataclass(frozen=True)
class Subject:
    """A site, and all that it was told."""

    key: str
    told: Site
    kept_since: datetime | None
    """Since when its raw data is there; None where nothing is gone."""


@dataclass
class Examination:
    """Asks, compares, and writes down what is wrong."""

    installation: Installation
    findings: Findings
    answers: dict[tuple[Any, ...], Any] = field(default_factory=dict[tuple[Any, ...], Any])
    """What the oracle answered, which takes longer than asking the service."""
    compared: int = 0
    refused: int = 0

    def examine(self, subject: Subject, everything: Sequence[Asked]) -> None:
        """Asks everything."""
        self.answers.clear()
        for asked in everything:
            now = self.installation.clock.now()
            answer = self.ask(subject, asked)
            if answer.status_code == 200:
                self.compare(subject, asked, answer.json(), now)
            elif is_expired(answer):
                self.judge_refusal(subject, asked, answer.json(), now)
            else:
                self.findings.note(f"{asked.question.report}: {answer.status_code}",
                                   f"{subject.key}: {asked}\n{answer.text[:500]}")  # fmt: skip

    def ask(self, subject: Subject, asked: Asked, **more: str) -> httpx.Response:
        """The service's answer."""
        question = asked.question
        if question.report == "query":
            dates = list(bounds(asked.span).values())
            body = {"site_id": subject.key, "date_range": dates, "engine": asked.engine}
            return self.installation.post("/api/analytics/query", body | dict(question.params))
        params = {"site": subject.key, "timezone": asked.zone.key, "engine": asked.engine,
                  **({"limit": LIMITS[question.report]} if question.report in LIMITS else {}),
                  **bounds(asked.span), **question.params, **more}  # fmt: skip
        path = PATHS.get(question.report, f"/api/analytics/{question.report}")
        return self.installation.get(path, params)

    def compare(self, subject: Subject, asked: Asked, answer: Any, now: datetime) -> None:
        """Holds an answer against the oracle's."""
        self.compared += 1
        rows, totals = self.expected(subject, asked, now)
        try:
            check(comparable(asked, answer), rows)
            if totals is not None:
                check(answer["totals"], totals)
        except AssertionError as difference:
            self.findings.note(f"wrong answer: {asked.question.report}",
                               f"{subject.key}: {asked}\n{difference}"[:1500])  # fmt: skip

    def expected(self, subject: Subject, asked: Asked, now: datetime) -> tuple[Any, Any]:
        """Rows and totals, worked out once for each question, range and time zone."""
        question = asked.question
        key = id(question), asked.span, asked.zone
        if key not in self.answers:
            scene = Scene(subject.told, asked.span, asked.zone, now)
            totals = question.totals(scene) if question.totals else None
            self.answers[key] = question.rows(scene), totals
        return self.answers[key]

    def judge_refusal(self, subject: Subject, asked: Asked, body: Any, now: datetime) -> None:
        """Whether what is asked for is gone, and what is suggested instead can be had."""
        self.refused += 1
        said = f"{subject.key}, raw data since {subject.kept_since}: {asked}\n{body}"
        if asked.summed_up:
            self.findings.note("refused though it is summed up", said)
        elif not needs_what_is_gone(subject, asked):
            self.findings.note("refused though raw data is there", said)
        if asked.engine == "auto":
            self.try_suggestions(subject, asked, body, now, said)

    def try_suggestions(
        self, subject: Subject, asked: Asked, body: Any, now: datetime, said: str
    ) -> None:
        """Asks again in each of the ways that a refusal names."""
        try:
            ways = list(suggestions(asked, body.get("instead") or [], now))
        except ValueError as error:
            self.findings.note("a refusal suggests what cannot be asked", f"{said}\n{error}")
            return
        if not ways and has_raw_data(subject, asked):
            self.findings.note("a refusal suggests nothing", said)
        for way in ways:
            if way.span.lower >= way.span.upper:
                self.findings.note("a refusal suggests a range that ends before it starts", said)
                continue
            answer = self.ask(subject, way)
            if answer.status_code == 200:
                if way.question is asked.question:  # the oracle knows no other
                    self.compare(subject, way, answer.json(), now)
            else:
                self.findings.note(
                    "what a refusal suggests is refused, too",
                    f"{said}\nasked again: {way}\n{answer.text}",
                )


def is_expired(answer: httpx.Response) -> bool:
    """Whether the service says that raw data has expired."""
    return answer.status_code == 422 and answer.json()["error"] == "EXPIRED"


def needs_what_is_gone(subject: Subject, asked: Asked) -> bool:
    """Whether a question reads raw data that has expired, if it reads raw data."""
    if subject.kept_since is None:
        return False
    earliest = asked.span.lower - asked.question.looks_back
    return asked.question.needs_full_history or earliest < subject.kept_since


def has_raw_data(subject: Subject, asked: Asked) -> bool:
    """Whether raw data of a part of the range is there, so that something can be asked instead."""
    kept = subject.kept_since
    return not asked.question.needs_full_history and (kept is None or kept < asked.span.upper)


def suggestions(asked: Asked, instead: Sequence[str], now: datetime) -> Iterator[Asked]:
    """The same question with the parameters in each of the ways that a refusal names."""
    for entry in instead:
        if asked.question.report == "query":  # it takes a body
            said = dict(zip(("from", "to"), json.loads(entry)["date_range"], strict=True))
        else:
            said = dict(parse_qsl(entry, keep_blank_values=True, strict_parsing=True))
        yield changed(asked, said, now)


def changed(asked: Asked, said: Mapping[str, str], now: datetime) -> Asked:
    """The same question with other parameters; an empty one is left out."""
    lower = moment(said["from"]) if "from" in said else asked.span.lower
    upper = asked.span.upper
    if "to" in said:
        upper = moment(said["to"]) if said["to"] else now
    zone = ZoneInfo(said["timezone"]) if "timezone" in said else asked.zone
    others = {key: value for key, value in said.items() if key not in ("from", "to", "timezone")}
    again = replace(asked, span=Range(lower, upper), zone=zone)
    if not others:
        return again
    params = {**asked.question.params, **others}
    kept = {key: value for key, value in params.items() if value != ""}
    return replace(again, question=replace(asked.question, params=kept))


def moment(text: str) -> datetime:
    """An instant, or the midnight of UTC at which a day begins."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def comparable(asked: Asked, answer: Any) -> Any:
    """The rows of an answer as the oracle has them."""
    if asked.question.report == "query":
        rows = [[row["dimensions"], row["metrics"]] for row in answer["results"]]
        return sorted(rows, key=lambda row: row[0])
    named = asked.question.report in ("traffic-sources", "sessions", "revenue")
    return [row | {"source": row["source"].lower()} if named else row for row in answer["rows"]]
