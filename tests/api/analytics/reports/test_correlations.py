"""What goes with a conversion, whole answers against the oracle, and its classic traps."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import TestSite
from oracle.conversions import correlations
from oracle.histories import DAY, GOALS, HOUR, MINUTE, STEPS, History, histories, questions
from oracle.periods import Range
from oracle.site import Site
from oracle.steps import Goal, goal_of
from oracle.telling import (
    ALL,
    NOON,
    TEN_DAYS,
    ask,
    check,
    event,
    examples,
    filtered,
    fresh_site,
    spans,
    tell,
)

JSON_GOALS = ['{"goal": "Signup"}', '{"event": "signup", "props": {"plan": "pro"}}']


async def refusal(site: TestSite, **asked: Any) -> list[dict[str, Any]]:
    """What is wrong with a question."""
    path = "/api/analytics/correlations"
    answer = await site.client.get(path, params={"site": site.key, **asked}, headers=site.admin)
    assert answer.status_code == 422
    return answer.json()["problems"]


async def test_question_without_goal_is_refused(site: TestSite) -> None:
    assert [problem["where"] for problem in await refusal(site)] == ["goal"]


async def test_unknown_goal_is_refused_with_those_that_there_are(
    client: Any, admin: Any, database: Any
) -> None:
    site = await fresh_site(client, admin, database, goals=[Goal("Buy", event="buy")])
    (problem,) = await refusal(site, goal='{"goal": "Sell"}')
    assert (problem["where"], problem["allowed"]) == ("step.goal", ["Buy"])


@examples(6)
@given(
    history=histories(),
    question=questions(),
    goal=st.sampled_from([*STEPS, *JSON_GOALS]),
    least=st.sampled_from([1, 1, 2]),
)
async def test_correlations_are_what_oracle_counts(
    client: Any,
    admin: Any,
    database: Any,
    history: History,
    question: dict[str, Any],
    goal: str,
    least: int,
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone, GOALS)
    told = await tell(site, history.batches, GOALS)
    asked = {"goal": goal, "unit": question["unit"], "least": least, "limit": ALL}
    for span in spans(history, question):
        answer = await ask(site, "correlations", span, **asked, **filtered(question["clauses"]))
        totals, rows = correlations(
            told,
            span,
            goal_of(goal, told.goals),
            question["unit"],
            least,
            question["clauses"],
            ZoneInfo(history.zone),
        )
        check(answer["totals"], totals)
        found = sorted(answer["rows"], key=lambda row: (row["kind"], row["name"]))
        check(found, rows)
        sizes = [abs(row["score"]) for row in answer["rows"]]
        assert sizes == sorted(sizes, reverse=True)


def visit(number: int, *pages: str, **last: Any) -> list[Any]:
    """The page views of a visitor, and perhaps something more at the end."""
    who = {"visitor": f"guest {number}"}
    seen = [event(NOON + n * MINUTE, page, **who) for n, page in enumerate(pages)]
    return [*seen, *([event(NOON + HOUR / 4, **last, **who)] if last else [])]


async def numbers(site: TestSite, **how: Any) -> dict[str, tuple[int, ...]]:
    """For each thing how many did it, how many of them converted, and the same of the others."""
    rows = (await ask(site, "correlations", TEN_DAYS, **{"least": 1, **how}))["rows"]
    columns = ("number", "converted", "others", "others_converted")
    return {row["name"]: tuple(row[column] for column in columns) for row in rows}


async def test_page_after_the_conversion_does_not_count(site: TestSite) -> None:
    buyers = [visit(n, "/tea", name="buy") for n in range(2)]
    await tell(site, [*buyers, visit(2, "/thanks"), visit(3, "/thanks")])
    late = [event(NOON + HOUR / 3, "/thanks", f"guest {n}") for n in range(2)]
    await tell(site, [late])
    assert await numbers(site, goal="buy") == {"/tea": (2, 2, 2, 0), "/thanks": (2, 0, 2, 2)}


async def test_goal_may_be_a_page(site: TestSite) -> None:
    await tell(site, [visit(0, "/tea", "/thanks"), visit(1, "/tea"), visit(2, "/")])
    assert await numbers(site, goal="/thanks") == {"/tea": (2, 1, 1, 0), "/": (1, 0, 2, 1)}


async def test_goal_itself_and_engagement_are_no_rows(site: TestSite) -> None:
    read = [event(NOON + MINUTE, "/tea", "guest 0", name="engagement", duration=5)]
    await tell(site, [visit(0, "/tea", name="buy"), read, visit(1, "/"), visit(2, "/")])
    assert await numbers(site, goal="buy") == {"/tea": (1, 1, 2, 0), "/": (2, 0, 1, 1)}


async def test_page_that_every_visit_saw_is_compared_with_nothing(site: TestSite) -> None:
    await tell(site, [visit(0, "/", "/tea", name="buy"), visit(1, "/")])
    assert await numbers(site, goal="buy") == {"/tea": (1, 1, 1, 0)}


async def test_nothing_goes_with_goal_that_nobody_or_everybody_reached(site: TestSite) -> None:
    await tell(site, [visit(0, "/", "/tea"), visit(1, "/")])
    for goal, reached in (("buy", 0), ("/", 2)):
        answer = await ask(site, "correlations", TEN_DAYS, goal=goal, least=1)
        assert answer["rows"] == []
        expected = {"number": 2, "converted": reached, "rate": reached / 2, "compared": 0}
        assert answer["totals"] == expected


async def test_site_without_visits_has_no_rate(site: TestSite) -> None:
    answer = await ask(site, "correlations", TEN_DAYS, goal="buy")
    assert answer["totals"] == {"number": 0, "converted": 0, "rate": None, "compared": 0}
    assert answer["rows"] == []


async def test_visitor_converts_in_a_later_visit_than_the_page(site: TestSite) -> None:
    came = [event(NOON, "/tea", "guest 0"), event(NOON + DAY, "/", "guest 0", name="buy")]
    await tell(site, [came, visit(1, "/")])
    assert await numbers(site, goal="buy") == {"/tea": (1, 0, 2, 1), "/": (1, 0, 2, 1)}
    of_visitors = await numbers(site, goal="buy", unit="visitor")
    assert of_visitors == {"/tea": (1, 1, 1, 0), "/": (1, 0, 1, 1)}


async def test_visit_goes_on_after_the_range(site: TestSite) -> None:
    await tell(site, [visit(0, "/tea", name="buy"), visit(1, "/")])
    span = Range(NOON, NOON + MINUTE)
    answer = await ask(site, "correlations", span, goal="buy", least=1)
    assert answer["totals"]["converted"] == 1


async def test_rows_come_in_pages_and_as_csv(site: TestSite) -> None:
    buyers = [visit(n, "/tea", "/cup", name="buy") for n in range(3)]
    await tell(site, [*buyers, visit(3, "/"), visit(4, "/cup")])
    whole = await ask(site, "correlations", TEN_DAYS, goal="buy", least=1)
    parts = [
        await ask(site, "correlations", TEN_DAYS, goal="buy", least=1, limit=1, offset=n)
        for n in range(3)
    ]
    assert [row for part in parts for row in part["rows"]] == whole["rows"]
    assert [part["page"] for part in parts] == [
        {"total": 3, "next": following} for following in (1, 2, None)
    ]
    asked = {"site": site.key, "goal": "buy", "least": 1, "format": "csv"}
    asked |= {"from": "2025-03-01", "to": "2025-03-31"}
    csv = await site.client.get("/api/analytics/correlations", params=asked, headers=site.admin)
    lines = csv.text.splitlines()
    assert lines[0] == ",".join(f'"{column["name"]}"' for column in whole["columns"])
    assert len(lines) == 4


@pytest.mark.parametrize("engine", ["auto", "base"])
async def test_q_values_are_larger_than_p_values_of_many_tests(site: TestSite, engine: str) -> None:
    visits = [visit(n, f"/{n % 4}", **({"name": "buy"} if n % 3 else {})) for n in range(24)]
    await tell(site, visits)
    answer = await ask(site, "correlations", TEN_DAYS, goal="buy", least=1, engine=engine)
    assert answer["totals"]["compared"] == 4
    assert all(row["q_value"] >= row["p_value"] for row in answer["rows"])
