"""Smooth by a trailing mean, which uses no later values."""

import numpy as np

from scalelaw.core.types import AnyArray, Array


def trailing_mean(run: AnyArray, values: Array, window: int) -> Array:
    """Return the mean of each value and those before it in its run, at most ``window`` values.

    Args:
        run: the run of each value, in order of run and time, (n,).
        values: the values, (n,); values that are not finite stay and enter no mean.
        window: largest number of values in a mean.
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
