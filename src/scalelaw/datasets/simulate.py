"""Simulate a table: a grid of runs with losses from a law plus noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import counting_for
from scalelaw.core.types import Array
from scalelaw.laws import Law


@dataclass(frozen=True)
class RunGrid:
    """Runs to simulate: every size at every ratio of tokens to parameters."""

    params: Sequence[float]
    tokens_per_param: Sequence[float]


def simulate(law: Law, coef: Array, grid: RunGrid, *, noise: float, seed: int) -> dict[str, Array]:
    """Return a table of simulated runs.

    Args:
        law: a law over one kind of params and tokens.
        coef: its coefficients, (k,).
        grid: sizes and ratios.
        noise: standard deviation of the logarithm of the loss.
        seed: seed of the noise.

    Returns:
        Columns named by quantity: the kind of params the law takes, tokens, flops, loss.
    """
    kind = law.inputs[0]
    params, ratio = (axis.ravel() for axis in np.meshgrid(grid.params, grid.tokens_per_param, indexing="ij"))
    tokens = params * ratio
    loss = law.predict(coef, {kind: params, "tokens": tokens})
    loss = loss * np.exp(np.random.default_rng(seed).normal(0.0, noise, len(params)))
    return {kind: params, "tokens": tokens, "flops": counting_for(kind).flops(params, tokens), "loss": loss}
