"""Scores of probabilities, on examples small enough for the head."""

import numpy as np
import pytest

from api.analytics.methods.minimum import minimum
from api.analytics.methods.probabilities import auc, brier, learned_shares

HAPPENED = np.array([True, False, True, False])


def test_perfect_probabilities_have_no_error() -> None:
    told = HAPPENED.astype(float)
    assert (brier(told, HAPPENED), auc(told, HAPPENED)) == (0, 1)


def test_one_probability_for_all_tells_nothing_apart() -> None:
    told = np.full(4, 0.5)
    assert (brier(told, HAPPENED), auc(told, HAPPENED)) == (0.25, 0.5)


def test_area_counts_pairs_and_half_of_ties() -> None:
    assert auc(np.array([0.9, 0.1, 0.4, 0.4]), HAPPENED) == pytest.approx(3.5 / 4)


def test_area_without_pairs_is_unknown() -> None:
    assert auc(np.array([0.1, 0.2]), np.array([True, True])) is None


def test_learned_shares_are_those_of_similar_numbers() -> None:
    known = np.repeat([0, 100], 500)
    happened = np.repeat([False, True], 500)
    assert learned_shares(known, happened, np.array([0, 100, 1000])) == pytest.approx(
        [0.001, 0.999, 0.999], abs=0.01
    )


def test_minimum_of_narrow_valley_is_found() -> None:
    def valley(point: np.ndarray) -> float:
        x, y = point
        return float((1 - x) ** 2 + 100 * (y - x * x) ** 2)

    assert minimum(valley, np.array([-1.2, 1.0]), 1e-12) == pytest.approx([1, 1], abs=1e-4)
