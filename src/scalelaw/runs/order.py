"""The order of evaluations inside runs."""

from collections.abc import Mapping

import numpy as np

from scalelaw.core.types import AnyArray


def time_order(run: AnyArray, columns: Mapping[str, AnyArray]) -> AnyArray:
    """Return the order by run, then tokens, then steps, then row; a missing count comes first."""
    keys = [np.arange(len(run), dtype=float)]
    for name in ("steps", "tokens"):
        if name in columns:
            values = np.asarray(columns[name], float)
            keys.append(np.where(np.isnan(values), -np.inf, values))
    return np.lexsort([*keys, run])
