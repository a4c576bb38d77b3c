"""Scales of residuals: the target, its logarithm, or the logit or ln(-ln) of a score above chance."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array


@dataclass(frozen=True)
class ResidualScale(Brief):
    """One increasing or decreasing function of the normalised target q, and what depends on it.

    Attributes:
        words: the scaled target in words, after "on".
        of: the function of q.
        back: its inverse.
        slope: its derivative by q.
        low: lower end of the q it is defined on, exclusive.
        high: upper end, exclusive.
    """

    words: str
    of: Callable[[Array], Array]
    back: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    low: float = -np.inf
    high: float = np.inf

    @property
    def of_scores(self) -> bool:
        """Whether this scale is defined only for scores between chance and one."""
        return self.high == 1


def _same(q: Array) -> Array:
    return q


def logit(q: Array) -> Array:
    """Return ln(q / (1 - q))."""
    return np.asarray(np.log(q) - np.log1p(-q))


def expit(z: Array) -> Array:
    """Return 1 / (1 + exp(-z)), the inverse of ``logit``, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -z)))


SCALES = MappingProxyType(
    {
        "log": ResidualScale("log loss", np.log, np.exp, lambda q: 1.0 / q, low=0.0),
        "raw": ResidualScale("the loss itself", _same, _same, np.ones_like),
        "logit": ResidualScale("the logit of the score above chance", logit, expit, lambda q: 1.0 / (q * (1.0 - q)),
                               low=0.0, high=1.0),
        "loglog": ResidualScale("ln(-ln) of the score above chance", lambda q: np.log(-np.log(q)),
                                lambda z: np.exp(-np.exp(z)), lambda q: 1.0 / (q * np.log(q)), low=0.0, high=1.0),
    }
)  # fmt: skip
"""Value of ``Noise.on`` -> scale."""
