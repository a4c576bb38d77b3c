"""The simple noise scale of a model, from gradients of single batches and of several batches together.

    B_simple = tr(S) / |G|^2        S: covariance of the gradient per token of batch, G: its mean

In each of ``ROUNDS`` rounds, ``TOGETHER`` batches give the squared gradient norm at one batch (mean of norms) and at
``TOGETHER`` batches (norm of the mean). The weights are fixed, so all rounds estimate one number, the ratio of means
over rounds (McCandlish et al. 2018, arXiv 1812.06162, appendix A.1).
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
        tokens: B_simple, in tokens per batch; None if noise dominates the mean gradient.
        se: its jackknife standard error over rounds; None if ``tokens`` is.
    """

    tokens: float | None
    se: float | None


def gradient_noise(gradient: Callable[[int], Array], batch_tokens: float) -> GradientNoise:
    """Return the noise scale of a gradient.

    Args:
        gradient: maps the index of a batch, from 0 to ``ROUNDS * TOGETHER`` - 1, to its gradient, (N,).
        batch_tokens: tokens per batch, a whole number of (independent) sequences.
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
