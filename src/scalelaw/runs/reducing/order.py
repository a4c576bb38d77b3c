"""Order evaluations within runs by time."""

from collections.abc import Mapping

import numpy as np

from scalelaw.core.types import AnyArray

_MOMENT = ("steps", "tokens")


def time_order(run: AnyArray, columns: Mapping[str, AnyArray]) -> AnyArray:
    """Return the order by run, then tokens, then steps, then row; a missing count comes first."""
    times = _times(columns)
    if _in_order(run, times):
        return np.arange(len(run))
    return np.lexsort([*times, run])


def same_moment(run: AnyArray, columns: Mapping[str, AnyArray], order: AnyArray) -> AnyArray:
    """Return a mask (n,) of rows that a later row of the file repeats in run, tokens and steps.

    Without tokens and steps, no row counts as repeated.

    Args:
        run: the run of each row, (n,).
        columns: canonical columns, each (n,).
        order: the rows to look at, in order of time, (m,).
    """
    repeated = np.zeros(len(run), dtype=bool)
    times = [values[order] for values in _times(columns)]
    if not times or len(order) < 2:
        return repeated
    equal = np.logical_or.reduce([values[1:] > -np.inf for values in times]) & (run[order][1:] == run[order][:-1])
    for values in times:
        equal &= values[1:] == values[:-1]
    repeated[order[:-1][equal]] = True
    return repeated


def _times(columns: Mapping[str, AnyArray]) -> list[AnyArray]:
    """Return those of steps and tokens that exist, the less important first."""
    found = [np.asarray(columns[name], float) for name in _MOMENT if name in columns]
    return [np.where(np.isnan(values), -np.inf, values) for values in found]


def _in_order(run: AnyArray, times: list[AnyArray]) -> bool:
    """Return whether the rows are already in order, without sorting."""
    if np.any(run[1:] < run[:-1]):
        return False
    tied = run[1:] == run[:-1]
    for values in reversed(times):
        if np.any(tied & (values[1:] < values[:-1])):
            return False
        tied = tied & (values[1:] == values[:-1])
    return True
