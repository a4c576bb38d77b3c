"""A ladder whose loss and scores are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.laws import get

TASKS = {
    "hellaswag": SimulatedTask(2.9, 2.5, 10042),
    "piqa": SimulatedTask(3.2, 2.0, 1838, 0.5),
    "lambada": SimulatedTask(3.0, 4.0, 5153, 0.0),
}


@pytest.fixture(scope="session")
def ladder() -> Callable[..., dict[str, Any]]:
    """Return the columns of ten runs, with the scores of some tasks; the seed draws noise and items."""

    def made(seed: int = 0, tasks: Any = TASKS, sizes: Any = (3e7, 6e7, 1.2e8, 2.5e8, 5e8)) -> dict[str, Any]:
        law = get("chinchilla")
        coef = law.vector(law.published["besiroglu2024"].coef)
        runs = simulate(law, coef, RunGrid(sizes, [20.0, 60.0]), noise=0.003, seed=seed)
        names = np.array([f"r{i}" for i in range(len(runs["loss"]))])
        return {"run": names, **runs, **simulate_scores(runs["loss"], tasks, seed=seed)}

    return made
