"""Simulated tables for the figures that the shipped ladder cannot show."""

from typing import Any

import numpy as np

from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.laws import get


def sweep() -> dict[str, np.ndarray]:
    """Return an IsoFLOP sweep: seven sizes at each of four budgets."""
    flops = np.repeat([1e18, 3e18, 1e19, 3e19], 7)
    params = 0.12 * flops**0.5 * np.tile(np.geomspace(0.25, 4, 7), 4)
    tokens = flops / 6 / params
    noise = np.random.default_rng(0).normal(0, 0.002, 28)
    loss = (1.82 + 480 / params**0.35 + 2100 / tokens**0.37) * np.exp(noise)
    return {"params": params, "tokens": tokens, "flops": flops, "loss": loss}


def readings() -> dict[str, object]:
    """Return the losses of a run that is a third through."""
    steps = np.arange(200, 8001, 200)
    noise = np.random.default_rng(0).normal(size=steps.size)
    return {"run": ["base"] * steps.size, "steps": steps, "loss": 2.1 + 14 * steps**-0.42 + 0.004 * noise}


def ladder_with_scores() -> dict[str, Any]:
    """Return ten runs with their loss and their score on a benchmark."""
    law = get("chinchilla")
    grid = RunGrid([3e7, 6e7, 1.2e8, 2.5e8, 5e8], [20.0, 60.0])
    runs = simulate(law, law.vector(law.published["besiroglu2024"].coef), grid, noise=0.003, seed=0)
    return {**runs, **simulate_scores(runs["loss"], {"hellaswag": SimulatedTask(2.9, 2.5, 10042)}, seed=0)}
