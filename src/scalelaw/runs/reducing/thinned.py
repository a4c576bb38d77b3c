"""Thin large tables evenly along compute, for computations that more rows do not make more accurate."""

import numpy as np

from scalelaw.core.types import AnyArray
from scalelaw.runs.observations import Observations

MOST_ROWS = 1_500
"""Most rows an ensemble of laws is fitted to; with more, the error of its forms decides the interval, not the rows."""
THINNED = "thinned"
"""First word of the reason why rows are left out."""
_ALONG = ("flops", "tokens", "params", "params_non_embedding", "params_active")


def thinned(observed: Observations, most: int = MOST_ROWS) -> Observations:
    """Return at most this many rows, evenly spaced in the order of compute, the smallest and the largest among them.

    The others are excluded, and every result prints why. Rows without compute are ordered by tokens, else by params,
    else by the target.
    """
    rows = len(observed)
    if rows <= most:
        return observed
    along = next((name for name in _ALONG if name in observed.columns), None)
    values = observed.y if along is None else np.asarray(observed.columns[along], float)
    kept = np.zeros(rows, bool)
    kept[np.argsort(values, kind="stable")[evenly(rows, most)]] = True
    return observed.keep(kept, f"{THINNED}: {most} of {rows} rows decide, evenly spaced in {along or observed.target}")


def evenly(count: int, most: int) -> AnyArray:
    """Return at most ``most`` ranks, evenly spaced from the first to the last of ``count``."""
    return np.linspace(0, count - 1, min(most, count)).round().astype(int)
