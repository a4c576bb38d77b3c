"""Simulate a table: a grid of runs with losses from a law plus noise, and scores that follow the loss."""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class SimulatedTask:
    """A benchmark whose score is a logistic curve of the loss.

    Attributes:
        middle: loss halfway from chance to the best score, nats/token.
        steepness: of the curve, tokens/nat.
        items: items of the benchmark.
        chance: score of guessing.
        ceiling: best score.
    """

    middle: float
    steepness: float
    items: int
    chance: float = 0.25
    ceiling: float = 1.0

    def score(self, loss: Array) -> Array:
        """Return the expected score at a loss, (n,)."""
        above = 1 / (1 + np.exp(self.steepness * (np.asarray(loss, float) - self.middle)))
        return np.asarray(self.chance + (self.ceiling - self.chance) * above)


def simulate_scores(losses: Array, tasks: Mapping[str, SimulatedTask], *, seed: int) -> dict[str, Array]:
    """Return simulated scores of runs, each drawn from the items of its benchmark.

    Args:
        losses: loss of each run, nats/token, (n,).
        tasks: name -> benchmark.
        seed: seed of the items.

    Returns:
        Columns ``score@NAME``, ``n_items_NAME`` and ``chance_NAME`` of each benchmark, each (n,).
    """
    rng, found = np.random.default_rng(seed), dict[str, Array]()
    for name, task in tasks.items():
        right = rng.binomial(task.items, task.score(losses))
        found[f"score@{name}"] = right / task.items
        found[f"n_items_{name}"] = np.full(len(losses), float(task.items))
        found[f"chance_{name}"] = np.full(len(losses), task.chance)
    return found
