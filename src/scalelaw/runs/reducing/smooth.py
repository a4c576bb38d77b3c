"""Smoothing that looks back only: what a run has not seen yet moves none of its values."""

import numpy as np

from scalelaw.core.types import AnyArray, Array


def trailing_mean(run: AnyArray, values: Array, window: int) -> Array:
    """Return at each value the mean of it and those before it in its run, at most ``window`` in all.

    Args:
        run: the run of each value, in order of run and time, (n,).
        values: the values, (n,); one that is not finite stays as it is and enters no mean.
        window: how many values a mean takes.
    """
    smooth = np.array(values, dtype=float)
    finite = np.isfinite(values)
    total = np.where(finite, values, 0.0)
    number = finite.astype(float)
    for back in range(1, window):
        same = run[back:] == run[:-back] if back < len(run) else np.zeros(0, dtype=bool)
        if not same.any():
            break
        total[back:] += np.where(same & finite[:-back], np.where(finite[:-back], values[:-back], 0.0), 0.0)
        number[back:] += same & finite[:-back]
    smooth[finite] = total[finite] / number[finite]
    return smooth
