"""Least squares with non-negative unknowns, for starts; importing ``scipy.optimize`` for it would take 0.2 s."""

import numpy as np

from scalelaw.core.types import AnyArray, Array

_TIMES = 3
"""Most rounds, per unknown."""
_TINY = 1e-280


def non_negative(columns: Array, target: Array) -> Array:
    """Return the unknowns (k,) >= 0 whose sum of columns (n, k) is nearest to the target (n,).

    Unknowns leave zero one at a time, the one with the steepest descent first (Lawson & Hanson 1974, chapter 23).
    """
    rows, k = columns.shape
    solution, moving = np.zeros(k), np.zeros(k, bool)
    level = 10 * max(rows, k) * np.finfo(float).eps * np.abs(columns).sum(axis=0).max(initial=0.0)
    for _ in range(_TIMES * k):
        descent = np.where(moving, -np.inf, columns.T @ (target - columns @ solution))
        if descent.max() <= level:
            break
        moving[np.argmax(descent)] = True
        solution, moving = _settled(columns, target, solution, moving)
    return solution


def _settled(columns: Array, target: Array, solution: Array, moving: AnyArray) -> tuple[Array, AnyArray]:
    """Return the least squares of the moving unknowns, without those that it would take below zero."""
    while moving.any():
        best = np.zeros(len(solution))
        best[moving] = np.linalg.lstsq(columns[:, moving], target, rcond=None)[0]
        below = moving & (best <= 0)
        if not below.any():
            return best, moving
        ratio = np.where(below, solution / np.maximum(solution - best, _TINY), np.inf)
        first = np.argmin(ratio)
        solution = solution + ratio[first] * (best - solution)
        moving = moving & (np.arange(len(solution)) != first) & (solution > 0)
        solution = np.where(moving, solution, 0.0)
    return solution, moving
