"""Is the probability to reach a score calibrated? Simulated ladders whose larger runs are known."""

import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.datasets.simulate import RunGrid, simulate
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.laws import get
from scores.tables import protocol


@dataclass(frozen=True, eq=False)
class Odds:
    """Probabilities given, and whether the score was reached."""

    given: Array
    reached: Array


def odds(worlds: int | None = None, processes: int = 1) -> Odds:
    """Return the probability of each goal in every simulated world, and whether its larger run reached it."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = [
            pair for each in pool.map(_of_seed, range(worlds or protocol()["simulated"]["worlds"])) for pair in each
        ]
    given, reached = zip(*found, strict=True)
    return Odds(np.array(given), np.array(reached, float))


def _of_seed(seed: int) -> list[tuple[float, bool]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(_world(protocol()["simulated"], seed))


def reliability(found: Odds, edges: Array) -> list[tuple[float, float, int]]:
    """Return mean probability, share that reached it, and number of cases of each bin that has any."""
    bins = np.clip(np.digitize(found.given, edges) - 1, 0, len(edges) - 2)
    parts = [bins == i for i in range(len(edges) - 1)]
    return [(float(found.given[at].mean()), float(found.reached[at].mean()), int(at.sum())) for at in parts if at.any()]


def _world(rules: dict[str, float], seed: int) -> Iterator[tuple[float, bool]]:
    rng = np.random.default_rng([int(rules["seed"]), seed])
    law = get("chinchilla")
    e, a, b = rng.uniform(1.5, 2.0), np.exp(rng.uniform(5.5, 6.5)), np.exp(rng.uniform(6.5, 7.8))
    alpha, beta = rng.uniform(0.28, 0.4, 2)
    coef = law.vector({"E": e, "A": a, "B": b, "alpha": alpha, "beta": beta})
    sizes = np.geomspace(3e7, 10 ** rng.uniform(8.5, 9.2), rng.integers(4, 7))
    runs = simulate(law, coef, RunGrid(sizes, [20.0, 60.0]), noise=0.004, seed=seed)
    reach = float(10 ** rng.uniform(0.5, 1.5))
    ahead = {"params": np.array([sizes[-1] * np.sqrt(reach)]), "tokens": np.array([sizes[-1] * np.sqrt(reach) * 40])}
    loss = law.predict(coef, ahead) * np.exp(0.004 * rng.standard_normal(1))
    items, chance = int(rng.choice([500, 1500, 5000, 15000])), float(rng.choice([0.0, 0.25, 0.5]))
    score = _link(rng, np.append(runs["loss"], loss), chance, rules["scatter"])
    drawn = rng.binomial(items, score) / items
    columns = {**runs, "score@t": drawn[:-1], "n_items_t": np.full(len(drawn) - 1, items),
               "chance_t": np.full(len(drawn) - 1, chance)}  # fmt: skip
    try:
        made = forecast_score(columns, target="score@t", seed=seed)
    except ScalelawError:
        return
    for probability in (np.arange(rules["goals"]) + rng.uniform()) / rules["goals"]:
        goal = _goal(made, ahead, float(probability))
        yield float(made.probability(ahead, goal)[0]), bool(drawn[-1] >= goal)


def _goal(made: ScoreEnsemble, ahead: dict[str, Array], probability: float) -> float:
    """Return the score that the run reaches with a probability, by its forecast."""
    seen = made.predict(ahead, max(abs(1 - 2 * probability), 1e-6))
    assert seen.lo is not None and seen.hi is not None
    return float((seen.lo if probability > 0.5 else seen.hi)[0])


def _link(rng: np.random.Generator, loss: Array, chance: float, scatter: float) -> Array:
    """Return the expected scores of one of four links, with the scatter of runs."""
    middle, steep = rng.uniform(2.2, 3.2), float(np.exp(rng.uniform(np.log(1.0), np.log(5.0))))
    ceiling = rng.uniform(0.75, 1.0)
    way = steep * (loss - middle)
    early, late = np.exp(-np.log(2) * np.exp(0.7 * way)), 1 - np.exp(-np.log(2) * np.exp(-0.7 * way))
    shapes = (1 / (1 + np.exp(way)), early, late, 0.5 - 0.5 * np.tanh(0.6 * way))
    above = shapes[rng.integers(len(shapes))]
    noisy = above + scatter * rng.standard_normal(len(loss)) * np.sqrt(4 * above * (1 - above))
    return np.clip(chance + (ceiling - chance) * noisy, 0.0, 1.0) if ceiling > chance else np.clip(above, 0, 1)
