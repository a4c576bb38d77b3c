"""Steps and compute of a run at another batch size, from its critical batch (McCandlish et al. 2018)."""

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array


def min_steps(steps: Array | float, batch_tokens: Array | float, critical_batch: Array | float) -> Array:
    """Return the steps needed at a batch far above critical, S_min = S / (1 + B_crit / B).

    Args:
        steps: S, steps taken.
        batch_tokens: B in tokens.
        critical_batch: B_crit in tokens, at the loss in question.

    Raises:
        BadInput: a value is not positive.

    Example:
        >>> float(min_steps(3e4, 5e3, 1e4))
        10000.0
    """
    _check(steps=steps, batch_tokens=batch_tokens, critical_batch=critical_batch)
    return np.asarray(steps / (1 + np.asarray(critical_batch, float) / batch_tokens))


def min_flops(flops: Array | float, batch_tokens: Array | float, critical_batch: Array | float) -> Array:
    """Return the compute needed at a batch far below critical, C_min = C / (1 + B / B_crit).

    Args:
        flops: C, compute spent.
        batch_tokens: B in tokens.
        critical_batch: B_crit in tokens, at the loss in question.

    Raises:
        BadInput: a value is not positive.

    Example:
        >>> float(min_flops(1e21, 2e6, 2e6))
        5e+20
    """
    _check(flops=flops, batch_tokens=batch_tokens, critical_batch=critical_batch)
    return np.asarray(flops / (1 + np.asarray(batch_tokens, float) / critical_batch))


def _check(**given: Array | float) -> None:
    for name, values in given.items():
        if not np.all(np.asarray(values, float) > 0):
            raise BadInput(f"{name} must be positive, got {float(np.min(values)):g}")
