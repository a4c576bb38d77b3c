"""Metrics over tokens and items: exact match, edit distance, emergence score, resolution limit."""

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array

_CONFIDENCE = 0.95


def exact_match(token_loss: AnyArray, length: float) -> Array:
    """Return the probability that all tokens of an answer are right, exp(-length x loss), if they are independent.

    Args:
        token_loss: cross-entropy of each token, nats, (n,).
        length: tokens of the answer.

    Example:
        >>> import numpy as np
        >>> round(float(exact_match(-np.log([0.9]), 5)[0]), 6)
        0.59049

    Source:
        Schaeffer et al. 2023, arXiv 2304.15004.
    """
    return np.asarray(np.exp(-length * np.asarray(token_loss, float)))


def edit_distance(token_loss: AnyArray, length: float) -> Array:
    """Return the expected number of wrong tokens of an answer, length x (1 - exp(-loss)); see ``exact_match``."""
    return np.asarray(-length * np.expm1(-np.asarray(token_loss, float)))


def emergence_score(scores: AnyArray) -> float:
    """Return the signed range of scores over the root median square of their steps; infinite if most steps are zero.

    Args:
        scores: scores from the smallest to the largest scale, (n,), three or more.

    Raises:
        BadInput: fewer than three scores.

    Example:
        >>> round(emergence_score([0, 0.01, 0, 0.02, 0.35, 0.8]), 3)
        40.0

    Source:
        Schaeffer et al. 2023, arXiv 2304.15004, after Srivastava et al. 2022.
    """
    values = np.asarray(scores, float)
    if values.ndim != 1 or len(values) < 3:
        raise BadInput(f"an emergence score needs three scores or more, got {values.size}")
    sign = np.sign(int(np.argmax(values)) - int(np.argmin(values)))
    step = float(np.sqrt(np.median(np.diff(values) ** 2)))
    if step == 0:
        return float(sign * np.inf) if np.ptp(values) else 0.0
    return float(sign * np.ptp(values) / step)


def resolution_limit(n_items: float) -> float:
    """Return the exact upper 95 % bound on a rate of which no item is right, 1 - 0.05^(1/n).

    Example:
        >>> round(resolution_limit(200), 5)
        0.01487
    """
    if not n_items > 0:
        raise BadInput(f"n_items must be positive, got {n_items}")
    return float(-np.expm1(np.log(1 - _CONFIDENCE) / n_items))


def visible_excess(chance: AnyArray, n_items: AnyArray) -> Array:
    """Return the excess over chance that n items can show: two standard errors, or ``resolution_limit`` at chance zero.

    Args:
        chance: score of guessing, (n,).
        n_items: items behind a score, (n,).
    """
    g, n = np.asarray(chance, float), np.asarray(n_items, float)
    return np.asarray(np.where(g > 0, 2 * np.sqrt(g * (1 - g) / n), -np.expm1(np.log(1 - _CONFIDENCE) / n)))
