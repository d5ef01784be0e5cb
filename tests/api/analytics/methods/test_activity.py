"""The model of people who come until they leave, against what was published of it."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from api.analytics.methods.activity import MOST_FITTED, Activity, Histories

CUSTOMERS = Path(__file__).parents[4] / "nbs" / "data" / "cdnow-summary.csv"

DAYS_OF_WEEK = 7


def music_shop() -> Histories:
    """2,357 customers of a music shop in 39 weeks; the file has weeks."""
    with CUSTOMERS.open() as file:
        rows = [*csv.DictReader(file)]
    weeks = [[float(row[name]) for row in rows] for name in ("x", "t_x", "T")]
    repeats, last, age = (np.array(column) for column in weeks)
    days = (np.rint(column * DAYS_OF_WEEK).astype(np.int64) for column in (last, age))
    return Histories(repeats.astype(np.int64), *days)


def test_parameters_are_those_that_were_published() -> None:
    """Batislam, Denizel and Filiztekin (2007), with alpha in weeks."""
    fitted = Activity.fitted(music_shop())
    found = (fitted.r, fitted.alpha / DAYS_OF_WEEK, fitted.a, fitted.b)
    assert found == pytest.approx((0.525, 6.183, 0.891, 1.614), rel=0.03)


def test_longer_silence_is_higher_risk() -> None:
    model = Activity(0.8, 8, 0.6, 2.5)
    silences = np.arange(0, 300, 10)
    known = Histories(np.full(30, 5), np.full(30, 20), 20 + silences)
    assert all(a > b for a, b in pairwise(model.alive(known)))
    assert all(a < b for a, b in pairwise(model.silent(known, 30)))


def test_same_silence_is_worse_for_those_who_came_often() -> None:
    model = Activity(0.8, 8, 0.6, 2.5)
    known = Histories(np.array([2, 20]), np.array([60, 60]), np.array([90, 90]))
    seldom, often = model.alive(known)
    assert often < seldom


def test_longest_histories_have_finite_risks() -> None:
    known = Histories(np.array([0, 20_000]), np.array([0, 1]), np.array([40_000, 40_000]))
    risks = Activity(0.8, 8, 0.6, 2.5).silent(known, 365)
    assert np.isfinite(risks).all()
    assert ((risks >= 0) & (risks <= 1)).all()


@pytest.mark.parametrize("people", [1, 20, MOST_FITTED + 1])
def test_people_who_all_came_once_have_finite_parameters(people: int) -> None:
    once = np.zeros(people, np.int64)
    fitted = Activity.fitted(Histories(once, once, once))
    assert np.isfinite([fitted.r, fitted.alpha, fitted.a, fitted.b]).all()
