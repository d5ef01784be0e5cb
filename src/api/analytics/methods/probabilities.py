"""How good probabilities were, once it is known what happened."""

import numpy as np
from numpy.typing import NDArray

from api.analytics.methods.arrays import Counts, Numbers

Happened = NDArray[np.bool_]

GROUPS = 10


def brier(told: Numbers, happened: Happened) -> float:
    """The mean squared difference between a probability and what happened, which is 1 or 0: 0 is
    perfect, and 0.25 what somebody has who always says one half."""
    return float(np.mean((told - happened) ** 2))


def auc(told: Numbers, happened: Happened) -> float | None:
    """How often one to whom it happened had a higher probability than one to whom it did not, of
    all such pairs; ties are half. None where there are no pairs."""
    positives = int(happened.sum())
    negatives = len(happened) - positives
    if not positives or not negatives:
        return None
    _, groups, sizes = np.unique(told, return_inverse=True, return_counts=True)
    ranks = np.cumsum(sizes) - (sizes - 1) / 2
    above = float(ranks[groups][happened].sum()) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def learned_shares(known: Counts, happened: Happened, asked: Counts) -> Numbers:
    """The simplest forecast there is of one number: those who had it are divided into ten groups of
    like numbers, and each of those asked about gets the share to whom it happened in the group."""
    edges = np.unique(np.quantile(known, np.linspace(0, 1, GROUPS + 1)[1:-1]))
    groups = np.searchsorted(edges, known, side="right")
    hits = np.bincount(groups, happened, len(edges) + 1)
    sizes = np.bincount(groups, minlength=len(edges) + 1)
    # As if one more were in each group, with the share of all, as a group may be empty.
    shares = (hits + happened.mean()) / (sizes + 1)
    return shares[np.searchsorted(edges, asked, side="right")]
