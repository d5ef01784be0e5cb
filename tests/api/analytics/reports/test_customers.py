"""RFM, churn and engagement: whole answers against the oracle, and their classic traps."""

import json
from datetime import date, timedelta
from statistics import mean
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import TestSite
from oracle.customers import (
    Model,
    Rhythm,
    customers,
    engagement,
    engagement_totals,
    errors,
    frequency,
    pairs_in_order,
    rfm,
    rfm_totals,
    rhythms_of,
)
from oracle.histories import DAY, HOUR, MINUTE, History, histories, questions
from oracle.periods import Range
from oracle.site import Site
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
from oracle.visits import Event
from refusals import allowed_in

BY = st.sampled_from(["visitor", "user"])


@pytest.mark.parametrize("report", ["rfm", "rfm/customers", "engagement", "engagement/frequency"])
async def test_people_of_unknown_kind_are_refused(site: TestSite, report: str) -> None:
    params = {"site": site.key, "by": "household"}
    answer = await site.client.get(f"/api/analytics/{report}", params=params)
    assert answer.status_code == 422
    assert allowed_in(answer) == {"visitor", "user"}


@pytest.mark.parametrize(
    "params",
    [{"horizon": 0}, {"horizon": 366}, {"at_least": -0.1}, {"at_most": 1.1}, {"at_least": "nan"}],
    ids=str,
)
async def test_churn_parameters_outside_their_range_are_refused(
    site: TestSite, params: dict[str, Any]
) -> None:
    answer = await site.client.get("/api/analytics/churn", params={"site": site.key, **params})
    assert answer.status_code == 422


async def test_unknown_segment_is_refused_with_all_segments(site: TestSite) -> None:
    params = {"site": site.key, "segment": "whales"}
    answer = await site.client.get("/api/analytics/rfm/customers", params=params)
    assert answer.status_code == 422
    assert len(allowed_in(answer)) == 10


@examples(4)
@given(history=histories(), question=questions(), by=BY)
async def test_customers_are_what_oracle_counts(
    client: Any, admin: Any, database: Any, history: History, question: dict[str, Any], by: str
) -> None:
    assume(Site(history.arrivals).is_clear)
    site = await fresh_site(client, admin, database, history.zone)
    told = await tell(site, history.batches, refreshing=question["refreshing"])
    clauses = [clause for clause in question["clauses"] if "goal" not in json.dumps(clause)]
    for span in spans(history, question):
        await check_rfm(site, told, span, by, clauses)
        await check_engagement(site, told, span, history.zone, by, clauses)


async def check_rfm(site: TestSite, told: Site, span: Range, by: str, clauses: list[Any]) -> None:
    """Segments, totals and each customer."""
    found = customers(told, span, by, clauses)
    params = {"by": by, **filtered(clauses)}
    answer = await ask(site, "rfm", span, **params)
    check(answer["rows"], rfm(found, span.upper))
    check(answer["totals"], rfm_totals(found))
    listed = (await ask(site, "rfm/customers", span, limit=ALL, **params))["rows"]
    assert sorted(map(of_row, listed)) == sorted(map(of_customer, found))
    paid = [(row["currency"], -row["revenue"]) for row in listed]
    assert paid == sorted(paid)


def of_row(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a row tells of a customer whom the site does not name."""
    scores = (row["recency_score"], row["frequency_score"], row["monetary_score"])
    return row["currency"], row["segment"], scores, row["orders"], row["user_id"] or ""


def of_customer(one: Any) -> tuple[Any, ...]:
    user = one.orders[0].user or ""
    return one.currency, one.segment, one.scores, len(one.orders), user


async def check_engagement(
    site: TestSite, told: Site, span: Range, zone: str, by: str, clauses: list[Any]
) -> None:
    """Compares events, totals and active days with those of the oracle."""
    params = {"by": by, "timezone": zone, "limit": ALL, **filtered(clauses)}
    answer = await ask(site, "engagement", span, **params)
    check(answer["rows"], engagement(told, span, by, clauses))
    check(answer["totals"], engagement_totals(told, span, zone, by, clauses))
    days = await ask(site, "engagement/frequency", span, **params)
    check(days["rows"], frequency(told, span, zone, by, clauses))


def paid(amount: str, currency: str = "EUR") -> dict[str, Any]:
    """An order."""
    return {"name": "buy", "revenue": amount, "currency": currency}


async def test_customers_who_are_equal_have_same_scores(site: TestSite) -> None:
    orders = [event(NOON, visitor=f"v{n}", **paid("5")) for n in range(7)]
    await tell(site, [orders])
    rows = (await ask(site, "rfm/customers", TEN_DAYS))["rows"]
    columns = ("recency_score", "frequency_score", "monetary_score")
    assert {tuple(row[column] for column in columns) for row in rows} == {(1, 1, 1)}


async def test_fifth_of_customers_has_each_score(site: TestSite) -> None:
    orders = [
        event(NOON + n * MINUTE + m * timedelta(seconds=1), visitor=f"v{n}", **paid("5"))
        for n in range(10)
        for m in range(n + 1)
    ]
    await tell(site, [orders])
    rows = (await ask(site, "rfm/customers", TEN_DAYS))["rows"]
    for score in ("recency_score", "frequency_score", "monetary_score"):
        assert [row[score] for row in rows] == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert [row["segment"] for row in rows[:2]] == ["champions"] * 2
    (first, *_) = (await ask(site, "rfm", TEN_DAYS))["rows"]
    assert (first["segment"], first["customers"], first["orders"]) == ("champions", 2, 19)


async def test_customer_of_two_currencies_is_scored_in_each(site: TestSite) -> None:
    await tell(site, [[event(NOON, **paid("5")), event(NOON, **paid("7", "USD"))]])
    answer = await ask(site, "rfm", TEN_DAYS)
    assert [row["currency"] for row in answer["rows"]] == ["EUR", "USD"]
    totals = answer["totals"]
    assert (totals["customers"], totals["orders"], totals["currency"]) == (1, 2, None)
    assert totals["repeat_rate"] == 1


async def test_site_without_orders_has_no_segments(site: TestSite) -> None:
    await tell(site, [[event(NOON)]])
    answer = await ask(site, "rfm", TEN_DAYS)
    assert answer["rows"] == []
    assert answer["totals"]["customers"] == 0
    assert answer["totals"]["repeat_rate"] is None


async def test_segment_limits_customers_that_are_listed(site: TestSite) -> None:
    await tell(site, [[event(NOON + n * HOUR, visitor=f"v{n}", **paid("5")) for n in range(5)]])
    rows = (await ask(site, "rfm/customers", TEN_DAYS, segment="hibernating"))["rows"]
    assert sorted(row["recency_score"] for row in rows) == [1, 2]


async def test_user_ids_of_customers_are_hidden_without_account(site: TestSite) -> None:
    await tell(site, [[event(NOON, visitor="user 1", **paid("5"))]])
    for report in ("rfm/customers", "churn"):
        params = {"site": site.key, "period": "all"}
        (own,) = (await site.ask(report, **params))["rows"]
        answer = await site.client.get(f"/api/analytics/{report}", params=params)
        (seen,) = answer.json()["rows"]
        assert (own["user_id"], seen["user_id"]) == ("user 1", None)


async def test_visitors_from_before_range_do_not_count_in_time_to_first_use(
    site: TestSite,
) -> None:
    await tell(site, [[event(NOON - 6 * DAY), event(NOON, name="signup")]])
    new = [event(NOON, visitor="bob"), event(NOON + 5 * MINUTE, visitor="bob", name="signup")]
    await tell(site, [new])
    (row,) = (await ask(site, "engagement", TEN_DAYS))["rows"]
    assert (row["people"], row["new_people"], row["first_use_seconds"]) == (2, 1, 300)


AS_OF = date(2025, 6, 30)
HALF_YEAR = {"from": "2025-01-01", "to": str(AS_OF)}


def comings(people: int, seed: int) -> dict[str, list[int]]:
    """Users with rates of their own who leave at some time: the days before AS_OF on which each
    was active."""
    rng = np.random.default_rng(seed)
    found = {}
    for number in range(people):
        rate, leaves = rng.gamma(0.8, 1 / 8), rng.beta(0.6, 2.5)
        day, days = float(rng.uniform(1, 178)), []
        while day >= 0:
            days.append(int(day))
            if rng.random() < leaves:
                break
            day -= rng.exponential(1 / max(rate, 1e-9))
        found[f"user {number}"] = sorted(set(days), reverse=True)
    return found


def visits_on(found: dict[str, list[int]]) -> list[Event]:
    noon = NOON.replace(month=AS_OF.month, day=AS_OF.day)
    return [
        event(noon - ago * DAY, visitor=who, page="/app")
        for who, days in found.items()
        for ago in days
    ]


async def coming(site: TestSite, people: int = 150, seed: int = 4) -> Site:
    """A site on which users come and leave."""
    events = visits_on(comings(people, seed))
    batches = [events[start : start + 500] for start in range(0, len(events), 500)]
    return await tell(site, [*batches, [event(NOON, visitor="guest")]])


def rhythms(told: Site, as_of: date = AS_OF) -> dict[str, Rhythm]:
    return rhythms_of(told, Range(NOON - 400 * DAY, NOON + 400 * DAY), "UTC", as_of)


@pytest.fixture
async def left(site: TestSite) -> tuple[TestSite, Site]:
    return site, await coming(site)


async def test_churn_is_what_oracle_makes_of_parameters(left: tuple[TestSite, Site]) -> None:
    site, told = left
    found = rhythms(told)
    answer = await site.ask("churn", **HALF_YEAR, timezone="UTC", horizon=28, limit=ALL)
    model = Model(**answer["totals"]["parameters"])
    assert {row["user_id"] for row in answer["rows"]} == found.keys()
    for row in answer["rows"]:
        rhythm = found[row["user_id"]]
        assert row["risk"] == pytest.approx(model.risk(rhythm, 28), abs=1e-9)
        assert row["alive"] == pytest.approx(model.alive(rhythm), abs=1e-9)
        last = AS_OF - timedelta(days=rhythm.silence)
        assert (row["last_active"], row["days_since"]) == (str(last), rhythm.silence)
        assert row["active_days"] == len(rhythm.days)
        assert row["usual_gap_days"] == (rhythm.gap and pytest.approx(rhythm.gap))
        assert row["overdue"] == (rhythm.gap and pytest.approx(rhythm.silence / rhythm.gap))
    risks = [row["risk"] for row in answer["rows"]]
    assert risks == sorted(risks, reverse=True)
    check_totals(answer["totals"], risks)


def check_totals(totals: dict[str, Any], risks: list[float]) -> None:
    """What is said of all users, but for the back-test."""
    assert totals["users"] == totals["judged"] == len(risks)
    assert (totals["as_of"], totals["horizon_days"]) == (str(AS_OF), 28)
    assert totals["expected_to_stay_away"] == pytest.approx(sum(risks))
    tenths = [sum(min(int(risk * 10), 9) == tenth for risk in risks) for tenth in range(10)]
    assert totals["by_risk"] == tenths


async def test_churn_parameters_are_most_likely_ones(left: tuple[TestSite, Site]) -> None:
    site, told = left
    known = [*rhythms(told).values()]
    totals = (await site.ask("churn", **HALF_YEAR, timezone="UTC"))["totals"]
    best = totals["parameters"]

    def likely(**changed: float) -> float:
        return Model(**{**best, **changed}).log_likelihood(known)

    # Few numbers are worth ten per cent of a parameter; the penalty is as much as half a point.
    for name, value in best.items():
        for factor in (0.8, 1.25):
            assert likely(**{name: value * factor}) < likely() + 0.5


async def test_back_test_is_what_oracle_sees_happen(left: tuple[TestSite, Site]) -> None:
    site, told = left
    answer = await site.ask("churn", **HALF_YEAR, timezone="UTC", horizon=28)
    test = answer["totals"]["back_test"]
    origin = AS_OF - timedelta(days=28)
    assert (test["origin"], test["until"]) == (str(origin), str(AS_OF))
    now = rhythms(told)
    then = {who: one.known_at(origin.toordinal()) for who, one in now.items()}
    known = {who: rhythm for who, rhythm in then.items() if rhythm}
    gone = [now[who].silence >= 28 for who in known]
    model = Model(**test["parameters"])
    risks = [model.risk(rhythm, 28) for rhythm in known.values()]
    assert test["users"] == len(known)
    assert test["stayed_away"] == pytest.approx(mean(gone))
    assert test["predicted"] == pytest.approx(mean(risks))
    assert test["brier"] == pytest.approx(errors(risks, gone))
    assert test["auc"] == pytest.approx(pairs_in_order(risks, gone))
    silences = [float(rhythm.silence) for rhythm in known.values()]
    assert test["auc_of_recency"] == pytest.approx(pairs_in_order(silences, gone))
    before = {who: one.known_at(origin.toordinal() - 28) for who, one in now.items()}
    outcomes = [known[who].silence >= 28 for who, rhythm in before.items() if rhythm]
    constant = [mean(outcomes)] * len(gone)
    assert test["brier_of_constant"] == pytest.approx(errors(constant, gone))
    best = min(test["brier_of_recency"], test["brier_of_constant"])
    assert test["beats_baselines"] == (test["brier"] < best)


async def test_churn_lists_risks_between_bounds_in_pages(left: tuple[TestSite, Site]) -> None:
    site, _ = left
    asked = {**HALF_YEAR, "timezone": "UTC", "at_least": 0.3, "at_most": 0.9, "totals": False}
    everything = await site.ask("churn", **asked, limit=ALL)
    assert everything["totals"] is None
    assert all(0.3 <= row["risk"] <= 0.9 for row in everything["rows"])
    page = await site.ask("churn", **asked, limit=3, offset=2)
    assert page["rows"] == everything["rows"][2:5]
    number = len(everything["rows"])
    assert page["page"] == {"total": number, "next": 5}
    assert everything["page"] == {"total": number, "next": None}


async def test_churn_as_csv_and_in_batch_has_rows_of_json(left: tuple[TestSite, Site]) -> None:
    site, _ = left
    asked = {"site": site.key, **HALF_YEAR, "order": "days_since:asc", "limit": 5}
    rows = (await site.ask("churn", **asked))["rows"]
    params = asked | {"format": "csv"}
    csv = await site.client.get("/api/analytics/churn", params=params, headers=site.admin)
    header, *lines = csv.text.splitlines()
    assert header.split(",")[:2] == ['"user_id"', '"visitor_id"']
    assert [line.split(",")[0] for line in lines] == [f'"{row["user_id"]}"' for row in rows]
    batch = {"queries": [{"report": "churn", **asked}]}
    answer = await site.client.post("/api/analytics/batch", json=batch, headers=site.admin)
    assert answer.json()["body"]["rows"] == rows


async def test_few_users_are_listed_without_risk(site: TestSite) -> None:
    await coming(site, people=19)
    answer = await site.ask("churn", **HALF_YEAR, timezone="UTC", limit=ALL)
    assert {row["risk"] for row in answer["rows"]} == {None}
    totals = answer["totals"]
    assert (totals["method"], totals["back_test"], totals["by_risk"]) == ("too few users", None, [])


async def test_activity_may_be_narrowed_by_filter(site: TestSite) -> None:
    day = NOON.replace(month=6, day=29)
    await tell(site, [[event(day, visitor="user 1", page="/app"),
                       event(day + DAY, visitor="user 1", page="/blog")]])  # fmt: skip
    filters = '[["is", "page", ["/app"]]]'
    (row,) = (await site.ask("churn", **HALF_YEAR, timezone="UTC", filters=filters))["rows"]
    assert (row["last_active"], row["active_days"]) == ("2025-06-29", 1)


async def test_site_without_users_has_no_risks(site: TestSite) -> None:
    await tell(site, [[event(NOON)]])
    answer = await site.ask("churn", period="all")
    assert answer["rows"] == []
    assert answer["totals"]["users"] == 0
