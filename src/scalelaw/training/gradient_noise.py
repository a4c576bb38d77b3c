"""The simple noise scale of a model as it stands: from the gradients of consecutive batches, and of several at once.

    B_simple = tr(S) / |G|^2        S: covariance of the gradient of one token's worth of batch, G: its mean

``ROUNDS`` times, ``TOGETHER`` batches give the squared norm of a gradient at the batch of a step (their mean) and at
``TOGETHER`` times it (the norm of their mean). The weights stay, so that all rounds estimate one number, and the ratio
is that of means over the rounds (McCandlish et al. 2018, arXiv 1812.06162, appendix A.1).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import Array
from scalelaw.diagnosing.critical_batch import noise_scale

ROUNDS = 8
TOGETHER = 8


@dataclass(frozen=True)
class GradientNoise:
    """A measured noise scale.

    Attributes:
        tokens: B_simple, in tokens of a batch; None where the mean gradient is lost in the noise.
        se: its standard error, each round left out once; None likewise.
    """

    tokens: float | None
    se: float | None


def gradient_noise(gradient: Callable[[int], Array], batch_tokens: float) -> GradientNoise:
    """Return the noise scale of a gradient.

    Args:
        gradient: takes the number of a batch, from 0 to ``ROUNDS * TOGETHER`` - 1, and returns its gradient, (N,).
        batch_tokens: tokens of a batch; sequences are what is independent, and a batch holds whole ones.
    """
    small, big = np.empty(ROUNDS), np.empty(ROUNDS)
    for turn in range(ROUNDS):
        total, norms = None, []
        for at in range(turn * TOGETHER, (turn + 1) * TOGETHER):
            each = np.asarray(gradient(at), float)
            norms.append(each @ each)
            total = each if total is None else total + each
        assert total is not None
        small[turn], big[turn] = np.mean(norms), total @ total / TOGETHER**2

    def of(turns: list[int]) -> float:
        return float(noise_scale(small[turns], big[turns], batch_tokens, TOGETHER * batch_tokens, decay=1.0)[-1])

    every = list(range(ROUNDS))
    found, others = of(every), np.array([of([each for each in every if each != out]) for out in every])
    if not np.isfinite(found) or not np.isfinite(others).all():
        return GradientNoise(None, None)
    return GradientNoise(found, float(np.sqrt((ROUNDS - 1) * np.mean((others - others.mean()) ** 2))))
