"""The minimum of a function of a few numbers that has no simple derivative."""

from collections.abc import Callable

import numpy as np

from api.analytics.methods.arrays import Numbers

FIRST_STEP = 0.5
MOST_STEPS = 400

Function = Callable[[Numbers], float]


def minimum(of: Function, start: Numbers, tolerance: float = 1e-6) -> Numbers:
    """Where the function is least, by the method of Nelder and Mead from `start`: when the corners
    of the simplex differ by less than the tolerance, or after MOST_STEPS steps."""
    corners = np.vstack([start, start + FIRST_STEP * np.eye(len(start))])
    values = np.array([of(corner) for corner in corners])
    for _ in range(MOST_STEPS):
        order = np.argsort(values)
        corners, values = corners[order], values[order]
        if values[-1] - values[0] < tolerance:
            break
        step(of, corners, values)
    return corners[np.argmin(values)]


def step(of: Function, corners: Numbers, values: Numbers) -> None:
    """Replaces the worst corner, the last one, by a better one; where there is none on the line
    through the centre of the others, all corners move towards the best one."""
    centre = corners[:-1].mean(axis=0)

    def along(length: float) -> tuple[float, Numbers]:
        point = centre + length * (centre - corners[-1])
        return of(point), point

    value, point = along(1.0)
    if value < values[0]:
        value, point = min((value, point), along(2.0), key=lambda found: found[0])
    elif value >= values[-2]:
        value, point = along(0.5 if value < values[-1] else -0.5)
    if value < values[-1]:
        corners[-1], values[-1] = point, value
        return
    corners[1:] = (corners[1:] + corners[0]) / 2
    values[1:] = [of(corner) for corner in corners[1:]]
