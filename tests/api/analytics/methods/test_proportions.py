"""Intervals of proportions and of their difference, as in the tables of their authors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.analytics.methods.proportions import (
    Proportion,
    benjamini_hochberg,
    newcombe,
    p_value,
    score_of,
    wilson,
)

WILSON = [
    ((81, 263), (0.2553, 0.3662)),
    ((15, 148), (0.0624, 0.1605)),
    ((0, 20), (0.0, 0.1611)),
    ((1, 29), (0.0061, 0.1718)),
]
"""Newcombe 1998, Two-sided confidence intervals for the single proportion, table I, method 3."""

NEWCOMBE = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0)),
]
"""Newcombe 1998, Interval estimation for the difference between independent proportions, table II,
method 10."""

FIFTEEN = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240),
    *(0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]
"""The p-values of Benjamini and Hochberg 1995: at 0.05, four of them are significant."""

counts = st.integers(1, 10_000).flatmap(
    lambda whole: st.builds(Proportion, st.integers(0, whole), st.just(whole))
)


@pytest.mark.parametrize(("told", "expected"), WILSON)
def test_wilson_interval_is_the_published_one(
    told: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert wilson(Proportion(*told), 0.95) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("one", "other", "expected"), NEWCOMBE)
def test_newcombe_interval_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], expected: tuple[float, float]
) -> None:
    found = newcombe(Proportion(*one), Proportion(*other), 0.95)
    assert found == pytest.approx(expected, abs=6e-5)


@given(one=counts, other=counts)
def test_intervals_hold_what_was_observed(one: Proportion, other: Proportion) -> None:
    low, high = wilson(one, 0.95)
    assert 0 <= low <= one.rate + 1e-12
    assert one.rate - 1e-12 <= high <= 1
    low, high = newcombe(one, other, 0.95)
    assert -1 - 1e-12 <= low <= one.rate - other.rate <= high <= 1 + 1e-12


@given(one=counts, other=counts)
def test_score_is_root_of_chi_square_of_the_table(one: Proportion, other: Proportion) -> None:
    table = [[one.part, one.whole - one.part], [other.part, other.whole - other.part]]
    number = one.whole + other.whole
    columns = [a + b for a, b in zip(*table, strict=True)]
    expected = [[sum(row) * column / number for column in columns] for row in table]
    chi_square = sum(
        (seen - told) ** 2 / told
        for row, told_row in zip(table, expected, strict=True)
        for seen, told in zip(row, told_row, strict=True)
        if told
    )
    assert score_of(one, other) ** 2 == pytest.approx(chi_square, abs=1e-9)


def test_p_value_of_two_standard_deviations_is_that_of_tables() -> None:
    assert p_value(1.959963984540054) == pytest.approx(0.05)
    assert p_value(-1.959963984540054) == pytest.approx(0.05)
    assert p_value(0) == 1


def test_false_discovery_rate_is_that_of_the_published_example() -> None:
    found = benjamini_hochberg(FIFTEEN)
    assert [q for q in found if q <= 0.05] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625])
    assert found == sorted(found)


@given(st.lists(st.floats(0, 1), max_size=30))
def test_q_value_is_least_share_of_false_alarms_that_finds_the_test(p_values: list[float]) -> None:
    number = len(p_values)

    def false_alarms(threshold: float) -> float:
        return threshold * number / sum(p <= threshold for p in p_values)

    expected = [min(map(false_alarms, [q for q in p_values if q >= p])) for p in p_values]
    assert benjamini_hochberg(p_values) == pytest.approx(expected)
